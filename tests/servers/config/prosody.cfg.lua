-- Prosody for one test: loopback only, no TLS, no s2s.
daemonize = false
data_path = "@DIR@/data"
log = { info = "@DIR@/prosody.log" }

interfaces = { "127.0.0.1" }
c2s_ports = { @C2S@ }
component_interfaces = { "127.0.0.1" }
component_ports = { @COMPONENT@ }
http_interfaces = { "127.0.0.1" }
http_ports = { @HTTP@ }
https_ports = { }

modules_enabled = {
	"roster"; "saslauth"; "disco"; "ping"; "offline"; "carbons"; "smacks"; "blocklist";
	"vcard4"; "vcard_legacy"; "pep"; "private"; "posix"; "http"; @LIMITS@
}
modules_disabled = { "s2s" }
limits = { c2s = { rate = "10kb/s" } }

storage = "internal"
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true

@HOSTS@
Component "upload.@DOMAIN@" "http_file_share"
	http_host = "127.0.0.1"
	http_external_url = "http://127.0.0.1:@UPLOAD@/"
	http_file_share_access = { @UPLOADERS@ }
	http_file_share_size_limit = @MEBIBYTES@ * 1024 * 1024

@COMPONENTS@
