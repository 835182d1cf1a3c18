-- What Apache httpd parsed of a request, as notes for its access log. See `parseSeenLine` in ../sighting.ts.

local function hex(text)
  if text == nil or text == '' then return '-' end
  return (text:gsub('.', function(byte) return string.format('%02x', byte:byte()) end))
end

function handle(r)
  local lines = {}
  for name, value in pairs(r:headers_in_table()) do
    lines[#lines + 1] = name .. ': ' .. tostring(value)
  end
  r.notes['seen'] = table.concat({ hex(r.method), hex(r.unparsed_uri), hex(r.uri), hex(table.concat(lines, '\r\n')) }, ' ')
  local framed = r.headers_in['Content-Length'] or r.headers_in['Transfer-Encoding']
  r.notes['body'] = framed and 'cut' or 'none'
  r:puts('seen')
  return apache2.OK
end

-- An input filter: httpd reads a body that the handler left, and does so before it writes its log.
function remember(r)
  local body = ''
  coroutine.yield()
  while bucket do
    body = body .. bucket
    coroutine.yield(bucket)
  end
  r.notes['body'] = #body .. ' ' .. r:sha1(body)
end
