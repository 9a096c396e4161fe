-- An HTTP client is needed only for OCSP stapling, which is off unless a user sets enable-ocsp.

local function new()
  error("this image has no HTTP client in Lua: OCSP stapling is not available")
end

return { new = new }
