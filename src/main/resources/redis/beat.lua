-- Registers a Weir, and divides the next minutes among those that are registered.
-- KEYS: the set of Weirs, then the division of each minute
-- ARGV: id, milliseconds that the registration is valid, channel, message, 1 to divide
-- Returns the number of Weirs, then for each minute its members and 1 if this Weir is one of them; 0 0 if not divided
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 600000)
redis.call('PUBLISH', ARGV[3], ARGV[4])
local reply = { redis.call('ZCARD', KEYS[1]) }
for i = 2, #KEYS do
  if ARGV[5] == '1' and redis.call('EXISTS', KEYS[i]) == 0 then
    for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, 999)) do
      redis.call('HSET', KEYS[i], id, 1)
    end
    redis.call('PEXPIRE', KEYS[i], 300000)
  end
  reply[#reply + 1] = redis.call('HLEN', KEYS[i])
  reply[#reply + 1] = redis.call('HEXISTS', KEYS[i], ARGV[1])
end
return table.concat(reply, ' ')
