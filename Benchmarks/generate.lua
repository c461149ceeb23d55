-- Fills a server with keys of every type, the same for the same numbers: EVAL … 0 FIRST COUNT [VALUES]
-- Values are cut from a text that hardly compresses, so that a file is about as large as what it holds.
-- Half strings of up to 1.5 KB, a tenth each of hashes, lists, sets, sorted sets and small counters, one key in a hundred a stream; a quarter expires.
-- VALUES: mixed, which is the above; small: strings of 8 bytes, 27 for each number; large: one of 256 KiB for 340 numbers.
-- Either makes a file of about the same size.
local first, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local state = first * 2654435761 % 4294967296
local function draw(bound)
  -- Numerical Recipes' linear congruence: exact in doubles, and good enough to make values up.
  state = (state * 1664525 + 1013904223) % 4294967296
  return math.floor(state / 4294967296 * bound)
end
local letters = {}
for i = 1, 8192 do letters[i] = string.char(33 + draw(90)) end
local text = table.concat(letters)
local function value(length) local at = draw(8192 - length) + 1; return text:sub(at, at + length - 1) end

if ARGV[3] == 'small' then
  -- The keys short of the 20 bytes from which on a server compresses.
  for n = first * 27, (first + count) * 27 - 1 do redis.call('SET', string.format('small:%010d', n), value(8)) end
  return redis.call('DBSIZE')
elseif ARGV[3] == 'large' then
  -- Longer than a compressor looks back.
  for i = 8193, 65536 do letters[i] = string.char(33 + draw(90)) end
  text = table.concat(letters)
  for n = first, first + count - 1 do
    if n % 340 == 0 then
      local at = draw(65536) + 1
      redis.call('SET', 'large:' .. n, (text:sub(at) .. text:sub(1, at - 1)):rep(4))
    end
  end
  return redis.call('DBSIZE')
end

for n = first, first + count - 1 do
  local kind = n % 10
  local key
  if kind < 5 then
    key = 'string:' .. n
    redis.call('SET', key, value(64 + draw(1500)))
  elseif kind == 5 then
    key = '{customer:' .. math.floor(n / 40) .. '}:hash:' .. n
    local fields = {}
    for i = 0, 4 + draw(24) do fields[#fields + 1] = 'f' .. i; fields[#fields + 1] = value(8 + draw(48)) end
    redis.call('HSET', key, unpack(fields))
  elseif kind == 6 then
    key = 'list:' .. n
    local items = {}
    for i = 1, 5 + draw(60) do items[i] = value(8 + draw(40)) end
    redis.call('RPUSH', key, unpack(items))
  elseif kind == 7 then
    key = 'set:' .. n
    local members = {}
    for i = 1, 5 + draw(60) do members[i] = n % 20 == 7 and tostring(draw(1000000)) or 'm' .. draw(100000) end
    redis.call('SADD', key, unpack(members))
  elseif kind == 8 then
    key = 'zset:' .. n
    local members = {}
    for i = 1, 5 + draw(150) do members[#members + 1] = draw(1000000) / 100; members[#members + 1] = 'm' .. draw(100000) end
    redis.call('ZADD', key, unpack(members))
  elseif n % 100 ~= 99 then
    key = 'counter:' .. n
    redis.call('SET', key, draw(1000000000))
  else
    key = 'stream:' .. n
    for i = 1, 20 + draw(180) do redis.call('XADD', key, i .. '-' .. n, 'event', value(16 + draw(30)), 'at', tostring(n + i)) end
  end
  if n % 4 == 0 then redis.call('PEXPIREAT', key, 4102444800000 + n) end
end
return redis.call('DBSIZE')
