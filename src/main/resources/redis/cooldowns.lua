-- Lists the cooldowns that are not over: a line for each, with its milliseconds and the cooldown
-- KEYS: the cooldowns
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf', 'WITHSCORES')
local lines = {}
for i = 1, #stored, 2 do
  lines[#lines + 1] = string.format('%.0f', stored[i + 1] - now) .. ' ' .. stored[i]
end
return table.concat(lines, '\n')
