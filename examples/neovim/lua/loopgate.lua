-- Loopgate for Neovim 0.7 or newer: access tokens of the sign-in that Loopgate keeps, and no OAuth of your own.
--
-- Install: copy this file to ~/.config/nvim/lua/loopgate.lua
--          and put this line into ~/.config/nvim/init.lua:  require('loopgate')
--
--   :LoopgateToken [register]   puts a token into the register (by default the unnamed one) and says whose it is
--   :LoopgateSignIn             signs in, in your browser
--   require('loopgate').token(function(problem, token, profile) ... end)
--
-- The first time Loopgate asks you whether Neovim may have it. A token is never shown, and is in no register any more when
-- Neovim writes its shada file.

local M = {}
local uv = vim.uv or vim.loop

-- Milliseconds. Loopgate itself waits 110 s for you, and then answers.
local probe_patience = 2000
local answer_patience = 125000

local not_running = {
  code = 'not_running',
  message = 'No Loopgate is running. Start the app, or "npm run serve" in its folder, and try again.',
}

-- Where docs/authors/endpoint.md of Loopgate says that endpoint.json is.
local function data_folder()
  local function variable(name)
    local value = uv.os_getenv(name)
    return value ~= '' and value or nil
  end
  local home = uv.os_homedir()
  local system = uv.os_uname().sysname
  if variable('LOOPGATE_HOME') then return variable('LOOPGATE_HOME') end
  if system == 'Darwin' then return home .. '/Library/Application Support/Loopgate' end
  if system:find('Windows') then return (variable('APPDATA') or home .. '/AppData/Roaming') .. '/Loopgate' end
  return (variable('XDG_CONFIG_HOME') or home .. '/.config') .. '/loopgate'
end

local function decode(text)
  local ok, value = pcall(vim.json.decode, text)
  return ok and type(value) == 'table' and value or {}
end

-- What may be running, the likeliest first: the one of endpoint.json, by the id of its run, and the port of old.
local function candidates()
  local found = {}
  local file = io.open(data_folder() .. '/endpoint.json')
  if file then
    local endpoint = decode(file:read('*a'))
    file:close()
    local port = tonumber(tostring(endpoint.address):match('^http://localhost:(%d+)$'))
    if port then table.insert(found, { port = port, health = 'ok:' .. tostring(endpoint.instance) }) end
  end
  table.insert(found, { port = 1000 })
  return found
end

-- An answer is whole when it is as long as it says.
local function parse(bytes)
  local head, body = bytes:match('^(.-)\r\n\r\n(.*)$')
  local status = head and tonumber(head:match('^HTTP/1%.1 (%d%d%d)'))
  if not status then return nil end
  local length = tonumber(head:lower():match('\r\ncontent%-length: *(%d+)')) or 0
  return #body >= length and { status = status, body = body:sub(1, length) } or nil
end

-- Asks 127.0.0.1 and, where nobody listens there, ::1. Calls done(answer) once, with nil when there was none; gives a
-- function that ends it. The connection is Neovim's own: it is Neovim that Loopgate asks you about.
local function request(port, method, path, patience, done)
  local socket
  local timer = uv.new_timer()
  local ended = false
  local function finish(answer)
    if ended then return end
    ended = true
    timer:close()
    if socket and not socket:is_closing() then socket:close() end
    vim.schedule(function() done(answer) end)
  end
  local function connect(host, otherwise)
    socket = uv.new_tcp()
    local this = socket
    this:connect(host, port, function(failure)
      if ended then return end
      if failure then
        this:close()
        return otherwise()
      end
      local received = ''
      this:read_start(function(broken, chunk)
        received = received .. (chunk or '')
        local answer = parse(received)
        if answer or broken or not chunk then finish(answer) end
      end)
      local lines = { method .. ' ' .. path .. ' HTTP/1.1', 'Host: localhost:' .. port, 'Connection: close' }
      if method == 'POST' then table.insert(lines, 'Content-Length: 0') end
      this:write(table.concat(lines, '\r\n') .. '\r\n\r\n')
    end)
  end
  timer:start(patience, 0, function() finish(nil) end)
  connect('127.0.0.1', function() connect('::1', function() finish(nil) end) end)
  return function()
    done = function() end
    finish(nil)
  end
end

-- Finds the Loopgate that runs, and asks it. Calls done(problem, body) once; gives a function that ends it.
local function ask(method, path, done)
  local cancel = function() end
  local function try(found)
    local one = table.remove(found, 1)
    if not one then return done(not_running) end
    cancel = request(one.port, 'GET', '/.well-known/health', probe_patience, function(health)
      local said = health and health.status == 200 and health.body or ''
      if one.health and said ~= one.health or not vim.startswith(said, 'ok:') then return try(found) end
      cancel = request(one.port, method, path, answer_patience, function(answer)
        if not answer then
          return done({ code = 'no_answer', message = 'Loopgate ended before it had answered. Try again.' })
        end
        if answer.status < 400 then return done(nil, answer.body) end
        local error = decode(answer.body)
        done({ code = error.error or 'internal', message = error.error_description or 'Loopgate failed.' })
      end)
    end)
  end
  try(candidates())
  return function() cancel() end
end

-- Who is signed in: done(problem, profile), where profile is nil when nobody is.
function M.profile(done)
  return ask('GET', '/user', function(problem, body) done(problem, body and decode(body).user) end)
end

-- A valid access token: done(problem, token, profile). `problem` has Loopgate's `code` and a `message` for people; there is
-- `not_running` too. The editor goes on meanwhile; the function that this gives ends the waiting.
function M.token(done)
  local cancel
  cancel = ask('GET', '/user/access_token', function(problem, token)
    if problem then return done(problem) end
    cancel = M.profile(function(_, profile) done(nil, token, profile) end)
  end)
  return function() cancel() end
end

-- Signs in, in the person's browser: done(problem, profile).
function M.sign_in(done)
  return ask('POST', '/os/sign_in', function(problem, body) done(problem, body and decode(body)) end)
end

local function say(words, level) vim.notify('Loopgate: ' .. words, level or vim.log.levels.INFO) end

local function complain(problem)
  local advice = problem.code == 'not_signed_in' and ' Or type :LoopgateSignIn.' or ''
  say(problem.message .. advice, vim.log.levels.ERROR)
end

local function name_of(profile)
  if not profile then return 'the person who is signed in' end
  local name = profile.name or profile.username or profile.email or profile.id
  return profile.email and profile.email ~= name and name .. ' (' .. profile.email .. ')' or name
end

-- Says so when it takes a while: then it is you who is waited for.
local function patiently(words, start, done)
  local timer = uv.new_timer()
  timer:start(1000, 0, vim.schedule_wrap(function() say(words) end))
  start(function(...)
    timer:stop()
    timer:close()
    done(...)
  end)
end

local handed_out = {}

vim.api.nvim_create_user_command('LoopgateToken', function(command)
  local register = command.args ~= '' and command.args or '"'
  patiently('waiting. Does it ask you whether Neovim may have a token?', M.token, function(problem, token, profile)
    if problem then return complain(problem) end
    handed_out[token] = true
    vim.fn.setreg(register, token)
    say('a token of ' .. name_of(profile) .. ' is in register ' .. register)
  end)
end, { nargs = '?', desc = 'Put an access token into a register' })

vim.api.nvim_create_user_command('LoopgateSignIn', function()
  patiently('waiting until you have signed in, in your browser.', M.sign_in, function(problem, profile)
    if problem then return complain(problem) end
    say('signed in as ' .. name_of(profile))
  end)
end, { desc = 'Sign in with Loopgate' })

-- Registers are written to the shada file at the end: a token has no business on the disk.
vim.api.nvim_create_autocmd('VimLeavePre', {
  callback = function()
    for register in ('"-0123456789abcdefghijklmnopqrstuvwxyz'):gmatch('.') do
      if handed_out[vim.fn.getreg(register)] then vim.fn.setreg(register, '') end
    end
  end,
})

return M
