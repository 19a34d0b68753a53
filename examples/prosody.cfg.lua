-- Prosody: what to add for Stanzamail. Components stand at the end of the configuration, after the VirtualHosts.
-- Prosody 0.12 and later; global settings first.

-- Both lines are the defaults: the component port listens on loopback only. It has no TLS, so keep it there.
component_ports = { 5347 }
component_interfaces = { "127.0.0.1", "::1" }

VirtualHost "example.org"

Component "mail.example.org"
	-- The same secret as in [xmpp] of stanzamail's configuration, e.g. made by: openssl rand -base64 24
	component_secret = "put a long random text here"
	-- Answers service discovery while the gateway is away.
	name = "E-mail"
	-- After a lost connection the new one takes over at once, instead of being refused until the old one times out.
	component_conflict_resolve = "kick_old"

-- Then: prosodyctl check config && systemctl restart prosody
-- (a reload does not start a new component; for a changed secret it is enough).
