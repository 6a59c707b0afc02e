-- wrk script: what browsers send, with values that never come twice.
--   wrk -s load.lua URL -- RUN
-- RUN is a whole number from 0 to 255; different runs have no value in common. Ten requests are 7 GET
-- with a query, 2 form POST of ~300 B and 1 JSON POST of ~2 KB. Agents and what a browser accepts come
-- from a handful, as they do in reality.
-- Prints one line of JSON when done.

local BROWSERS = {
  { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    '"Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"', '"Windows"', "en-US,en;q=0.9" },
  { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    '"Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"', '"macOS"', "de-DE,de;q=0.9,en;q=0.6" },
  { "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36",
    '"Google Chrome";v="137", "Chromium";v="137", "Not/A)Brand";v="24"', '"Android"', "fr-FR,fr;q=0.9" },
  { "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
    '"Not)A;Brand";v="8", "Chromium";v="138", "Microsoft Edge";v="138"', '"Windows"', "es-ES,es;q=0.9,en;q=0.8" },
}
local PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
local VALUES = 2 ^ 26 -- how many a run may use, some 1.5 million requests
local RUNS = 256
local serial, run = 0, 0

local SYLLABLES = {}
for consonant in ("bdfghklmnprstvwz"):gmatch(".") do
  for vowel in ("aeio"):gmatch(".") do SYLLABLES[#SYLLABLES + 1] = consonant .. vowel end
end

-- The run's next number: an odd factor visits each below a power of two once before any comes again.
local function number()
  assert(serial < VALUES, "this run is out of fresh values")
  serial = serial + 1
  return (serial * 48271341 + 11) % VALUES * RUNS + run
end

local function hex(digits)
  local text = string.format("%09x", number())
  while #text < digits do text = text .. string.format("%04x", math.random(0, 65535)) end
  return text:sub(1, math.max(9, digits))
end

local function word()
  local rest, text = number(), ""
  repeat
    text = text .. SYLLABLES[rest % 64 + 1]
    rest = math.floor(rest / 64)
  until rest == 0
  return text
end

local function words(count, separator)
  local list = {}
  for i = 1, count do list[i] = word() end
  return table.concat(list, separator)
end

local function cookie()
  return "session=" .. hex(32) .. "; cart=" .. hex(8) .. "-" .. hex(12) .. "; _ga=GA1.1." .. number() .. "." .. number()
    .. "; last_seen=" .. word() .. "%20" .. word()
end

local function send(method, path, accept, mode, site, extra, body)
  local browser = BROWSERS[math.random(#BROWSERS)]
  return table.concat({
    method, " ", path, " HTTP/1.1\r\nHost: shop.example\r\nsec-ch-ua: ", browser[2],
    "\r\nsec-ch-ua-platform: ", browser[3], "\r\nUser-Agent: ", browser[1], "\r\nAccept: ", accept,
    "\r\nSec-Fetch-Site: ", site, "\r\nSec-Fetch-Mode: ", mode,
    "\r\nReferer: https://shop.example/", word(), "/", words(2, "-"),
    "\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: ", browser[4],
    "\r\nCookie: ", cookie(), extra, "\r\n\r\n", body,
  })
end

local PATHS = {
  function()
    return "/search?q=" .. words(3, "+") .. "&category=" .. words(2, "-") .. "&page=" .. number() .. "&brand=" .. word()
      .. "&price=" .. number() .. "-" .. number() .. "&sid=" .. hex(24)
  end,
  function()
    return "/products/" .. number() .. "-" .. words(3, "-") .. "?color=" .. word() .. "&size=" .. number() .. "&utm_source="
      .. words(2, "_") .. "&utm_campaign=" .. words(3, "_") .. "&ref=" .. hex(16) .. "&v=" .. number()
  end,
  function()
    return "/api/v1/orders?customer=" .. number() .. "&q=" .. words(2, "%20") .. "&fields=" .. words(3, "%2C") .. "&after="
      .. hex(8) .. "-" .. hex(8) .. "&limit=" .. number() .. "&tag=" .. word()
  end,
  function()
    return "/account/" .. word() .. "?tab=" .. word() .. "&lang=" .. word() .. "&return=%2F" .. words(2, "%2F") .. "&state="
      .. hex(32) .. "&hint=" .. word() .. "%40example.com&t=" .. number()
  end,
}

local function get()
  local path = PATHS[math.random(#PATHS)]()
  return send("GET", path, PAGE, "navigate", "same-origin", "\r\nUpgrade-Insecure-Requests: 1", "")
end

local function post(path, accept, mode, content_type, body)
  local extra = "\r\nOrigin: https://shop.example\r\nContent-Type: " .. content_type .. "\r\nContent-Length: " .. #body
  return send("POST", path, accept, mode, "same-origin", extra, body)
end

local function form()
  local body = "name=" .. words(2, "+") .. "&email=" .. word() .. "%40example.com&phone=%2B" .. number() .. "&street=" .. number()
    .. "+" .. word() .. "&city=" .. word() .. "&zip=" .. number() .. "&csrf=" .. hex(40) .. "&message=" .. word()
  while #body < 290 do body = body .. "+" .. word() end
  return post("/contact/" .. word(), PAGE, "navigate", "application/x-www-form-urlencoded", body)
end

local function item()
  return '{"sku":"' .. hex(10) .. '","title":"' .. words(3, " ") .. '","qty":' .. number() .. ',"price":' .. number() / 100
    .. ',"tags":["' .. word() .. '","' .. word() .. '"],"gift":true,"note":"' .. words(5, " ") .. '"}'
end

local function json()
  local head = '{"customer":{"id":' .. number() .. ',"name":"' .. words(2, " ") .. '","city":"' .. word() .. '"},"items":['
  local items, size = {}, #head
  repeat
    items[#items + 1] = item()
    size = size + #items[#items] + 1
  until size > 1900
  local body = head .. table.concat(items, ",") .. "]}"
  return post("/api/v1/orders/" .. hex(8), "application/json", "cors", "application/json", body)
end

local MIX = { get, get, form, get, get, json, get, form, get, get }
local turn = 0

function init(arguments)
  run = tonumber(arguments[1])
  assert(run and run >= 0 and run < RUNS, "RUN must be a whole number from 0 to 255")
  math.randomseed(run)
end

function request()
  turn = turn % #MIX + 1
  return MIX[turn]()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
