-- Stores the owners and the client of an object, and publishes them, unless another client
-- has made the object.
-- KEYS: the object, a set
-- ARGV: milliseconds to keep it, channel, message, the largest number of entries, the client
-- or nothing, entries
-- Returns the other client, or nothing.
if ARGV[5] ~= '' then
  for _, entry in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local client = cjson.decode(entry)['client']
    if type(client) == 'string' and client ~= ARGV[5] then
      return client
    end
  end
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
for i = 6, #ARGV do
  if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[4]) then
    redis.call('SADD', KEYS[1], ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return ''
