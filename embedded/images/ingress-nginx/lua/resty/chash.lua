-- Consistent hashing by the highest score: when nodes are added or removed, only the keys of these nodes move. Weights are
-- ignored, since all nodes of the callers have the weight 1.

local ConsistentHash = {}
ConsistentHash.__index = ConsistentHash

-- nodes: the weight of each node by its name.
function ConsistentHash.new(_, nodes)
  local picker = setmetatable({}, ConsistentHash)
  picker:reinit(nodes)
  return picker
end

function ConsistentHash:reinit(nodes)
  self.nodes = {}
  for name, weight in pairs(nodes) do
    self.nodes[name] = weight
  end
end

function ConsistentHash:find(key)
  local best, best_score
  for name in pairs(self.nodes) do
    local score = ngx.md5(name .. "\0" .. tostring(key))
    if best == nil or score > best_score then
      best, best_score = name, score
    end
  end
  return best
end

return ConsistentHash
