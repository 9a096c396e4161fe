-- The cookies of the current request and of its response.

local Cookie = {}
Cookie.__index = Cookie

local ATTRIBUTES = {
  { field = "expires", name = "Expires" },
  { field = "max_age", name = "Max-Age" },
  { field = "domain", name = "Domain" },
  { field = "path", name = "Path" },
  { field = "samesite", name = "SameSite" },
}

function Cookie.new()
  return setmetatable({}, Cookie)
end

function Cookie.get(_, name)
  local value = ngx.var["cookie_" .. name]
  if value == nil then
    return nil, "no cookie of this name"
  end
  return value
end

-- Adds a cookie to the response. Other cookies are kept, and may be those of the backend.
function Cookie.set(_, cookie)
  if not cookie.key or not cookie.value then
    return nil, "a cookie needs a key and a value"
  end
  local parts = { cookie.key .. "=" .. cookie.value }
  for _, attribute in ipairs(ATTRIBUTES) do
    local value = cookie[attribute.field]
    if value then
      parts[#parts + 1] = attribute.name .. "=" .. value
    end
  end
  if cookie.secure then
    parts[#parts + 1] = "Secure"
  end
  if cookie.httponly then
    parts[#parts + 1] = "HttpOnly"
  end
  local headers = ngx.header["Set-Cookie"] or {}
  if type(headers) ~= "table" then
    headers = { headers }
  end
  headers[#headers + 1] = table.concat(parts, "; ")
  ngx.header["Set-Cookie"] = headers
  return true
end

return Cookie
