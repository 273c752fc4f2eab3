#!lua name=tideline
-- The only logic of Tideline inside Redis: it appends, guards and trims journals, and knows no word
-- of the domain. Rules for changes:
--   * Validate everything, then write. A function that fails after a write keeps the write.
--   * A function's name carries its version. One that is in use anywhere keeps its name, arguments
--     and meaning; a new meaning gets a new name beside it, and VERSION rises.
--   * Replies are flat arrays of strings, the first of which says how it went.
--   * Every function that writes is allow-oom: a full store must still be able to drain.
--   * Numbers are kept as decimal strings below 2^53; times and digests are never interpreted here.
--
-- tl:{s:p}:meta is a hash: format, epoch, owner, commit, time, digest, length (entries in the
-- journal), sealed (what a ledger has sealed), kind:<k> for every kind of record ever written.

local VERSION = 1
local DIGEST = '%DIGEST%'  -- of this file; filled in before it is loaded

local FORMAT = 1           -- newest format of the data that these functions understand
local MAX_WRITES = 2000    -- records in one commit
local MAX_BYTES = 4194304  -- of an entry, and of its memos, without their 5 bytes of header
local CHUNK = 3000         -- pairs in one HSET: unpack fails at about 8,000 values

local function int(number)
  return string.format('%.0f', number)
end

local function number_of(text)
  return tonumber(text or '0')
end

local function type_of(key)
  return redis.call('TYPE', key).ok
end

-- What is wrong with the arguments of a commit, or nil. The arguments from the 8th on are, for each
-- key from the 3rd on: kind, number of records set, number deleted, the pairs set, the ids deleted.
local function commit_problem(keys, args)
  if #args[5] > MAX_BYTES + 5 or #args[6] > MAX_BYTES + 5 then return 'the entry is too large' end
  local at, writes = 8, 0
  for k = 3, #keys do
    local sets, dels = tonumber(args[at + 1]), tonumber(args[at + 2])
    if not sets or not dels or sets < 0 or dels < 0 then return 'malformed arguments' end
    at = at + 3 + 2 * sets + dels
    writes = writes + sets + dels
    local kind = type_of(keys[k])
    if kind ~= 'hash' and kind ~= 'none' then return keys[k] .. ' holds a ' .. kind end
  end
  if at ~= #args + 1 then return 'malformed arguments' end
  if writes > MAX_WRITES then return 'too many records' end
  return nil
end

local function write_records(key, args, first, sets, dels)
  local last = first + 2 * sets - 1
  for from = first, last, 2 * CHUNK do
    redis.call('HSET', key, unpack(args, from, math.min(from + 2 * CHUNK - 1, last)))
  end
  first, last = last + 1, last + dels
  for from = first, last, CHUNK do
    redis.call('HDEL', key, unpack(args, from, math.min(from + CHUNK - 1, last)))
  end
end

-- keys: meta, journal, one per kind. args: epoch, number, time, digest, entry, memos, format, then
-- as above. APPLIED, ALREADY, FENCED owner epoch, GAP last, or BROKEN why (nothing written then).
local function commit(keys, args)
  local head = redis.call('HMGET', keys[1], 'epoch', 'commit', 'length', 'owner', 'format')
  if head[1] ~= args[1] then return {'FENCED', head[4] or '', head[1] or '0'} end
  local number, last = tonumber(args[2]), number_of(head[2])
  if number <= last then return {'ALREADY'} end
  if number ~= last + 1 then return {'GAP', int(last)} end
  if number_of(head[5]) > FORMAT or tonumber(args[7]) > FORMAT then
    return {'BROKEN', 'the data has a newer format'}
  end
  local problem = commit_problem(keys, args)
  if problem then return {'BROKEN', problem} end
  local length, held = number_of(head[3]), redis.call('XLEN', keys[2])
  if held ~= length then
    return {'BROKEN', 'the journal holds ' .. held .. ' entries where ' .. length .. ' belong'}
  end

  -- The first write is the one that can still refuse: an id at or below the stream's top.
  local added = redis.pcall('XADD', keys[2], args[2] .. '-0', 'e', args[5], 'm', args[6])
  if type(added) == 'table' and added.err then return {'BROKEN', added.err} end
  local meta = {'commit', args[2], 'time', args[3], 'digest', args[4], 'length', int(length + 1)}
  local at = 8
  for k = 3, #keys do
    local sets, dels = tonumber(args[at + 1]), tonumber(args[at + 2])
    write_records(keys[k], args, at + 3, sets, dels)
    if sets > 0 then
      meta[#meta + 1] = 'kind:' .. args[at]
      meta[#meta + 1] = '1'
    end
    at = at + 3 + 2 * sets + dels
  end
  for from = 1, #meta, 2 * CHUNK do
    redis.call('HSET', keys[1], unpack(meta, from, math.min(from + 2 * CHUNK - 1, #meta)))
  end
  return {'APPLIED'}
end

-- keys: meta. args: epoch, last number. APPLIED, FENCED owner epoch, or GAP last.
local function check(keys, args)
  local head = redis.call('HMGET', keys[1], 'epoch', 'commit', 'owner')
  if head[1] ~= args[1] then return {'FENCED', head[3] or '', head[1] or '0'} end
  local last = number_of(head[2])
  if last < tonumber(args[2]) then return {'GAP', int(last)} end
  return {'APPLIED'}
end

-- keys: meta. args: owner, expected epoch, format. OK epoch, commit, time, digest; or MOVED owner,
-- epoch; or BROKEN why.
local function own(keys, args)
  local head = redis.call('HMGET', keys[1], 'epoch', 'commit', 'time', 'digest', 'owner', 'format')
  if number_of(head[6]) > tonumber(args[3]) then return {'BROKEN', 'the data has a newer format'} end
  if number_of(head[1]) ~= tonumber(args[2]) then return {'MOVED', head[5] or '', head[1] or '0'} end
  local epoch = int(number_of(head[1]) + 1)
  redis.call('HSET', keys[1], 'epoch', epoch, 'owner', args[1], 'format', args[3])
  return {'OK', epoch, head[2] or '0', head[3] or '0', head[4] or ''}
end

-- keys: meta, journal. args: after, most entries, most bytes. OK first, last, then number, entry and
-- memos of each; or TRIMMED first, last; or BEYOND first, last.
local function read(keys, args)
  local head = redis.call('HMGET', keys[1], 'commit', 'length')
  local last, length = number_of(head[1]), number_of(head[2])
  local first = length > 0 and last - length + 1 or 0
  local after, most, budget = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  if after > last then return {'BEYOND', int(first), int(last)} end
  if after < last and after + 1 < first then return {'TRIMMED', int(first), int(last)} end
  local out, count, bytes = {'OK', int(first), int(last)}, 0, 0
  while count < most and bytes < budget and after < last do
    -- As many as would fit if they are like those so far; one when nothing is known of them.
    local fit = count == 0 and 1 or math.floor((budget - bytes) * count / (bytes + 1))
    local page = redis.call('XRANGE', keys[2], int(after + 1) .. '-0', '+',
                            'COUNT', math.max(1, math.min(fit, most - count, 100)))
    if #page == 0 then break end
    for i = 1, #page do
      local fields = page[i][2]
      bytes = bytes + #fields[2] + #(fields[4] or '')
      if bytes > budget and count > 0 then return out end
      out[#out + 1] = page[i][1]
      out[#out + 1] = fields[2]
      out[#out + 1] = fields[4] or ''
      count = count + 1
    end
    after = tonumber(string.match(page[#page][1], '^%d+'))
  end
  return out
end

-- keys: followers. args: follower, number. OK.
local function cursor(keys, args)
  redis.call('HSET', keys[1], args[1], args[2])
  return {'OK'}
end

-- keys: meta. args: number. OK, or BEYOND last.
local function seal(keys, args)
  local head = redis.call('HMGET', keys[1], 'commit', 'sealed')
  local number = tonumber(args[1])
  if number > number_of(head[1]) then return {'BEYOND', head[1] or '0'} end
  if number > number_of(head[2]) then redis.call('HSET', keys[1], 'sealed', args[1]) end
  return {'OK'}
end

-- keys: meta, journal, followers. args: epoch, number, most entries to remove at once. OK first,
-- more (1: call again); or FENCED owner, epoch.
local function trim(keys, args)
  local head = redis.call('HMGET', keys[1], 'epoch', 'commit', 'length', 'sealed', 'owner')
  if head[1] ~= args[1] then return {'FENCED', head[5] or '', head[1] or '0'} end
  local last, length = number_of(head[2]), number_of(head[3])
  if length == 0 then return {'OK', '0', '0'} end
  local first = last - length + 1
  local wanted = math.min(tonumber(args[2]), number_of(head[4]) + 1, last)
  for _, position in ipairs(redis.call('HVALS', keys[3])) do
    wanted = math.min(wanted, number_of(position))
  end
  local floor = math.min(wanted, first + tonumber(args[3]))
  if floor <= first then return {'OK', int(first), '0'} end
  local removed = redis.call('XTRIM', keys[2], 'MINID', '=', int(floor) .. '-0')
  redis.call('HSET', keys[1], 'length', int(length - removed))
  return {'OK', int(floor), floor < wanted and '1' or '0'}
end

-- keys: the store's own hash. args: partitions. OK and the count that holds from now on.
local function settle(keys, args)
  redis.call('HSETNX', keys[1], 'partitions', args[1])
  return {'OK', redis.call('HGET', keys[1], 'partitions')}
end

local function version()
  return {int(VERSION), DIGEST}
end

local function writes(name, callback)
  redis.register_function{function_name = name, callback = callback, flags = {'allow-oom'}}
end

local function reads(name, callback)
  redis.register_function{function_name = name, callback = callback, flags = {'no-writes'}}
end

writes('tideline_commit_1', commit)
writes('tideline_own_1', own)
writes('tideline_cursor_1', cursor)
writes('tideline_seal_1', seal)
writes('tideline_trim_1', trim)
writes('tideline_settle_1', settle)
reads('tideline_check_1', check)
reads('tideline_read_1', read)
reads('tideline_version', version)
