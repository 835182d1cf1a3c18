-- What wrk sends, and what it reports: one line of JSON behind RESULT. Read from the environment:
--   BENCH_TOKEN     the token that is repeated
--   BENCH_FRESH     a file of tokens of one length, one a line, used in turn from BENCH_START on
--   BENCH_EVERY     every how many-th request carries a fresh one (1: all of them)
--   BENCH_BODY      bytes of a body: the request is a POST
--   BENCH_PATHS     paths used in turn, separated by spaces
--   BENCH_FIELDS    further header fields
-- Statuses are not counted in response(): it would make wrk the bottleneck. wrk itself counts those over 399.

local every = tonumber(os.getenv("BENCH_EVERY") or "0")
local at = tonumber(os.getenv("BENCH_START") or "0")
local PLACEHOLDER = "TOKEN-GOES-HERE"

local function read_fields()
  for i = 1, tonumber(os.getenv("BENCH_FIELDS") or "0") do
    wrk.headers["X-Further-Field-" .. i] = "the value of a further field, number " .. i
  end
  local body = tonumber(os.getenv("BENCH_BODY") or "0")
  if body > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("a", body)
  end
end

local function split(text, separator)
  local from, to = text:find(separator, 1, true)
  return text:sub(1, from - 1), text:sub(to + 1)
end

local fresh, width, head, tail, repeated, turn
local all = {}

local function next_token_request()
  turn = turn + 1
  if turn % every ~= 0 then return repeated end
  local from = at * width + 1
  at = at + 1
  if at * width >= #fresh then at = 0 end
  return head .. fresh:sub(from, from + width - 2) .. tail
end

local function next_path_request()
  turn = turn % #all + 1
  return all[turn]
end

function init(args)
  read_fields()
  turn = 0
  local token = os.getenv("BENCH_TOKEN")
  wrk.headers["Authorization"] = "Bearer " .. token
  repeated = wrk.format()
  for path in (os.getenv("BENCH_PATHS") or ""):gmatch("%S+") do
    all[#all + 1] = wrk.format(nil, path)
  end
  if every > 0 then
    local file = assert(io.open(os.getenv("BENCH_FRESH"), "r"))
    fresh = file:read("*a")
    file:close()
    width = fresh:find("\n", 1, true)
    wrk.headers["Authorization"] = "Bearer " .. PLACEHOLDER
    head, tail = split(wrk.format(), PLACEHOLDER)
    wrk.headers["Authorization"] = "Bearer " .. token
  end
end

-- Without request(), wrk sends one and the same bytes, and costs next to nothing.
if every > 0 then request = next_token_request end
if os.getenv("BENCH_PATHS") then request = next_path_request end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"refused":%d,"broken":%d,"p50":%.3f,"p99":%.3f,"most":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
