-- Prosody 0.12 and 13: the component of Stanzamail. Save as /etc/prosody/conf.d/mail.example.org.cfg.lua, which Debian's
-- prosody.cfg.lua includes at its end; elsewhere, add it to the end of prosody.cfg.lua.

Component "mail.example.org"
	-- The same secret as in [xmpp] of stanzamail's configuration.
	component_secret = "put the secret here"
	-- Answers service discovery while the gateway is away.
	name = "E-mail"
	-- After a lost connection the new one takes over at once, instead of being refused until the old one times out.
	component_conflict_resolve = "kick_old"

-- Users get files of mails as files if your upload service lets the contacts request upload slots. Put this into its section,
-- with your users' domain and the component's:
--     Component "upload.example.org" "http_file_share"
--         http_file_share_access = { "example.org", "mail.example.org" }

-- The port for components, 5347, is open on loopback only, unless component_interfaces in the global section says otherwise.
-- It has no TLS, so keep it on loopback.
