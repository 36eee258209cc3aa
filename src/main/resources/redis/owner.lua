-- Stores owners and clients of an object, and publishes them.
-- KEYS: the object, a set
-- ARGV: milliseconds to keep it, channel, message, the largest number of entries, entries
redis.call('PUBLISH', ARGV[2], ARGV[3])
for i = 5, #ARGV do
  if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[4]) then
    redis.call('SADD', KEYS[1], ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return ''
