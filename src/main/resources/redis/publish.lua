-- Publishes a message
-- ARGV: channel, message
redis.call('PUBLISH', ARGV[1], ARGV[2])
return ''
