-- Reports what a Weir has used of a limit in a window, and grants it more. Repeating a call changes nothing.
-- KEYS: this window, the previous one
-- ARGV: id, limit, part of each member, members, 1 if this Weir is a member, used, wanted, milliseconds to keep the window, what of used is settled
-- A window is a hash: h:ID, u:ID and s:ID what a Weir holds, has used, and of that has settled; held, used and settled their sums,
-- members how many members have an h:ID. A member without one holds its part.
-- Returns what this Weir holds, what others have used, what of it is settled, what others hold and have not used,
-- what the previous window owes
local id, limit, part, members = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local member, used, wanted = ARGV[5] == '1', tonumber(ARGV[6]), tonumber(ARGV[7])
local settled = tonumber(ARGV[9])
local function text(number) return string.format('%.0f', number) end
local function numbers(key, ...)
  local found = redis.call('HMGET', key, ...)
  for i = 1, #found do found[i] = tonumber(found[i] or '0') or 0 end
  return found
end
local before = numbers(KEYS[2], 'used', 'owed', 'limit')
local owed = math.max(0, before[1] + before[2] - before[3])
local now = numbers(KEYS[1], 'held', 'used', 'members', 'h:' .. id, 'u:' .. id, 'settled', 's:' .. id)
local known = redis.call('HEXISTS', KEYS[1], 'h:' .. id) == 1
local held = now[4]
if not known and member then held = part end
local silent = math.max(0, members - now[3])
local others = now[1] + silent * part - held
if known then others = now[1] - now[4] + silent * part end
local granted = math.max(used, math.min(wanted, math.max(held, limit - owed - others)))
if not known and member then
  now[3] = now[3] + 1
end
local total = now[1] - now[4] + granted
local spent = now[2] - now[5] + used
local settledByOthers = now[6] - now[7]
redis.call('HSET', KEYS[1], 'h:' .. id, text(granted), 'u:' .. id, text(used), 'held', text(total), 'used', text(spent),
  'members', text(now[3]), 'owed', text(owed), 'limit', text(limit), 's:' .. id, text(settled),
  'settled', text(settledByOthers + settled))
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return text(granted) .. ' ' .. text(spent - used) .. ' ' .. text(settledByOthers) .. ' ' .. text(math.max(0, others - (spent - used))) .. ' ' .. text(owed)
