-- Drives the server of TestMiltertest through two messages on one connection.
local function ok(err, what) if err ~= nil then error(what .. ": " .. err) end end
local function is(got, want, what) if got ~= want then error(what .. ": reply " .. tostring(got)) end end

conn = mt.connect("inet:" .. port .. "@127.0.0.1")
if conn == nil then error("no connection") end
ok(mt.negotiate(conn, nil, nil, nil), "negotiate")
if not mt.test_action(conn, SMFIF_ADDHDRS) then error("adding fields was not negotiated") end
ok(mt.conninfo(conn, "sender.example", "192.0.2.7"), "conninfo")
is(mt.getreply(conn), SMFIR_CONTINUE, "conninfo")

for i = 1, 2 do
	ok(mt.macro(conn, SMFIC_MAIL, "i", "Q" .. i, "{auth_authen}", "carol"), "macro")
	ok(mt.mailfrom(conn, "<user@sender.example>"), "mailfrom")
	ok(mt.rcptto(conn, "<nobody@rcpt.example>"), "rcptto")
	is(mt.getreply(conn), SMFIR_REPLYCODE, "rcptto nobody")
	ok(mt.rcptto(conn, "<somebody@rcpt.example>"), "rcptto")
	is(mt.getreply(conn), SMFIR_CONTINUE, "rcptto somebody")
	ok(mt.data(conn), "data")
	ok(mt.header(conn, "From", "user@sender.example"), "header")
	ok(mt.header(conn, "X-Old", "forged"), "header")
	ok(mt.eoh(conn), "eoh")
	ok(mt.bodyrandom(conn, 200000), "body")
	ok(mt.eom(conn), "eom")
	is(mt.getreply(conn), SMFIR_CONTINUE, "eom")
	if not mt.eom_check(conn, MT_HDRINSERT, "X-Seen") then error("X-Seen was not inserted") end
	if not mt.eom_check(conn, MT_HDRDELETE, "X-Old") then error("X-Old was not deleted") end
	if not mt.eom_check(conn, MT_QUARANTINE, "for a look") then error("no quarantine") end
end

-- A message that is given up, then the end.
ok(mt.mailfrom(conn, "<user@sender.example>"), "mailfrom")
ok(mt.abort(conn), "abort")
mt.disconnect(conn)
