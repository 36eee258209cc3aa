-- Removes an owner of an object, and publishes that.
-- KEYS: the object, a set
-- ARGV: channel, message, the entry
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('SREM', KEYS[1], ARGV[3])
return ''
