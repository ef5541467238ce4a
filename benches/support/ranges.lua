-- Ranges at random places of a file, the same on both sides: wrk … -s ranges.lua URL -- LENGTH SIZE
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "tally.lua")

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", 115 + threads)
end

function init(args)
  local length, size = tonumber(args[1]), tonumber(args[2])
  math.randomseed(seed)
  prepared, turn = {}, 0
  for i = 1, 4096 do
    local first = math.floor(math.random() * (size - length))
    wrk.headers["Range"] = string.format("bytes=%.0f-%.0f", first, first + length - 1)
    prepared[i] = wrk.format("GET")
  end
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end
