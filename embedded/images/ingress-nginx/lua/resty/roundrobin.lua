-- Smooth weighted round-robin over the nodes of a backend: in a sequence of picks, each node occurs in proportion to its
-- weight, and the picks of one node are spread over the sequence.

local RoundRobin = {}
RoundRobin.__index = RoundRobin

-- nodes: the weight of each node by its name.
function RoundRobin.new(_, nodes)
  local picker = setmetatable({}, RoundRobin)
  picker:reinit(nodes)
  return picker
end

function RoundRobin:reinit(nodes)
  self.nodes, self.credits, self.total = {}, {}, 0
  for name, weight in pairs(nodes) do
    self.nodes[name] = weight
    self.total = self.total + weight
    -- Random, so that the worker processes of nginx do not all begin with the same node.
    self.credits[name] = math.random() * weight
  end
end

-- Each node gets its weight as credit; the node with the most credit is picked, and pays the sum of all weights.
function RoundRobin:find()
  local best
  for name, weight in pairs(self.nodes) do
    self.credits[name] = self.credits[name] + weight
    if best == nil or self.credits[name] > self.credits[best] then
      best = name
    end
  end
  if best ~= nil then
    self.credits[best] = self.credits[best] - self.total
  end
  return best
end

return RoundRobin
