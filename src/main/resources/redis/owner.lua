-- Stores the owners and the principal of an object, and publishes them, unless another principal
-- has made the object.
-- KEYS: the object, a set
-- ARGV: milliseconds to keep it, channel, message, the largest number of entries, the principal
-- whose request they come from or nothing, whether it has made the object (1) or not, entries
-- Returns all entries as JSON if another principal has made it, or nothing.
local entries = redis.call('SMEMBERS', KEYS[1])
local known = false
for _, entry in ipairs(entries) do
  local principal = cjson.decode(entry)['principal']
  if type(principal) == 'string' then
    if ARGV[5] ~= '' and principal ~= ARGV[5] then
      return cjson.encode(entries)
    end
    known = true
  end
end
redis.call('PUBLISH', ARGV[2], ARGV[3])
-- requests of others may have named any owner before
if ARGV[6] == '1' and not known then
  redis.call('DEL', KEYS[1])
end
for i = 7, #ARGV do
  if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[4]) then
    redis.call('SADD', KEYS[1], ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return ''
