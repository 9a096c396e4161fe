-- Networks that are exempt from global rate limits, which this image does not have.

local function new()
  return nil, "this image has no global rate limits"
end

return { new = new }
