-- A DNS client for Services of the type ExternalName. It asks the first name server, by UDP only (RFC 1035).

local bit = require("bit")

local Resolver = { TYPE_A = 1, TYPE_AAAA = 28 }
Resolver.__index = Resolver

local CLASS_IN = 1
local PORT = 53
local TRIES = 2
local DEFAULT_TIMEOUT = 2000 -- milliseconds
local MAX_SIZE = 4096
local HEADER_SIZE = 12
local RECURSION_DESIRED = 0x0100
local POINTER = 0xC0 -- the first byte of a compressed name has these bits

-- options.nameservers: each an address, or a table of an address and a port.
function Resolver.new(_, options)
  local server = (options.nameservers or {})[1]
  if not server then
    return nil, "no name server"
  end
  if type(server) ~= "table" then
    server = { server }
  end
  local resolver = { host = server[1], port = server[2] or PORT, timeout = options.timeout or DEFAULT_TIMEOUT }
  return setmetatable(resolver, Resolver)
end

local function encode(number)
  return string.char(bit.rshift(number, 8), bit.band(number, 0xFF))
end

local function decode(message, position, size)
  local number = 0
  for index = position, position + size - 1 do
    number = number * 256 + (message:byte(index) or 0)
  end
  return number
end

local function build_query(id, name, record_type)
  local parts = { encode(id), encode(RECURSION_DESIRED), encode(1), encode(0), encode(0), encode(0) }
  for label in name:gmatch("[^.]+") do
    parts[#parts + 1] = string.char(#label) .. label
  end
  return table.concat(parts) .. "\0" .. encode(record_type) .. encode(CLASS_IN)
end

-- Returns the position after a name.
local function skip_name(message, position)
  local length = message:byte(position) or 0
  while length > 0 and length < POINTER do
    position = position + 1 + length
    length = message:byte(position) or 0
  end
  return position + (length == 0 and 1 or 2)
end

local function format_address(message, position, size)
  if size == 4 then
    return table.concat({ message:byte(position, position + 3) }, ".")
  end
  local groups = {}
  for offset = 0, size - 2, 2 do
    groups[#groups + 1] = string.format("%x", decode(message, position + offset, 2))
  end
  return table.concat(groups, ":")
end

-- Returns the answers, or a table with errcode and errstr if the server reports an error.
local function parse_response(message)
  local error_code = bit.band(message:byte(4), 0x0F)
  if error_code ~= 0 then
    return { errcode = error_code, errstr = "the name server reports an error" }
  end
  local position = HEADER_SIZE + 1
  for _ = 1, decode(message, 5, 2) do
    position = skip_name(message, position) + 4
  end
  local answers = {}
  for _ = 1, decode(message, 7, 2) do
    position = skip_name(message, position)
    local answer = { type = decode(message, position, 2), ttl = decode(message, position + 4, 4) }
    local size = decode(message, position + 8, 2)
    if answer.type == Resolver.TYPE_A or answer.type == Resolver.TYPE_AAAA then
      answer.address = format_address(message, position + 10, size)
    end
    answers[#answers + 1] = answer
    position = position + 10 + size
  end
  return answers
end

-- Returns the answers to a query of one type; or nil and the reason if there is no response.
function Resolver:query(name, options)
  local id = math.random(0, 0xFFFF)
  local query = build_query(id, name, (options or {}).qtype or Resolver.TYPE_A)
  local reason
  for _ = 1, TRIES do
    local socket = ngx.socket.udp()
    socket:settimeout(self.timeout)
    local sent, message
    sent, reason = socket:setpeername(self.host, self.port)
    if sent then
      sent, reason = socket:send(query)
    end
    if sent then
      message, reason = socket:receive(MAX_SIZE)
    end
    socket:close()
    if message and #message > HEADER_SIZE and decode(message, 1, 2) == id then
      return parse_response(message)
    end
  end
  return nil, reason or "the response does not fit the query"
end

return Resolver
