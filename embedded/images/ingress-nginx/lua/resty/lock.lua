-- A lock for all worker processes, in a shared dictionary. It does not wait: its only caller gives a timeout of 0.

local DEFAULT_EXPIRY = 30 -- seconds

local Lock = {}
Lock.__index = Lock

function Lock.new(_, dictionary_name, options)
  local dictionary = ngx.shared[dictionary_name]
  if not dictionary then
    return nil, "dictionary not found"
  end
  return setmetatable({ dictionary = dictionary, expiry = (options or {}).exptime or DEFAULT_EXPIRY }, Lock)
end

-- Returns the seconds waited, which are 0; or nil and "timeout" if another request holds the lock.
function Lock:lock(key)
  if self.key then
    return nil, "locked"
  end
  local added, reason = self.dictionary:add(key, true, self.expiry)
  if not added then
    return nil, reason == "exists" and "timeout" or reason
  end
  self.key = key
  return 0
end

function Lock:unlock()
  if not self.key then
    return nil, "unlocked"
  end
  self.dictionary:delete(self.key)
  self.key = nil
  return 1
end

return Lock
