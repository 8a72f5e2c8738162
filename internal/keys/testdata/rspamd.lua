-- Asks rspamd's own Lua which keys sign: with CONFIGURATION and DOMAINS in the environment, rspamadm lua -b rspamd.lua prints "KEY domain selector file" for each.
local tools = require "lua_dkim_tools"
local ucl = require "ucl"
local util = require "lua_util"

local function map(t)
  return t and { get_key = function(_, k) return t[k] end }
end

-- The defaults of plugins/dkim_signing.lua.
local settings = {
  allow_envfrom_empty = true, sign_authenticated = true, sign_local = true, domain = {}, path = '/var/lib/rspamd/dkim/$domain.$selector.key', selector = 'dkim',
  try_fallback = true, use_domain = 'header', use_esld = true,
}

local parser = ucl.parser()
assert(parser:parse_string(os.getenv('CONFIGURATION')))
for k, v in pairs(parser:get_object()) do
  settings[k] = v
end
settings.selector_map, settings.path_map = map(settings.selector_map), map(settings.path_map)
for domain in os.getenv('DOMAINS'):gmatch('%S+') do
  local from = { { addr = 'x@' .. domain, domain = domain, user = 'x' } }
  local task = {
    get_user = function() end, get_from_ip = function() return { is_local = function() return true end } end, has_pre_result = function() return false end,
    get_from = function() return from end, get_recipients = function() return from end, get_mempool = function() return { get_variable = function() end } end,
  }
  local _, list = tools.prepare_dkim_signing('dkim_signing', task, settings)
  for _, k in ipairs(list) do
    print('KEY ' .. k.domain .. ' ' .. k.selector .. ' ' .. util.template(k.key, { domain = k.domain, selector = k.selector }))
  end
end
