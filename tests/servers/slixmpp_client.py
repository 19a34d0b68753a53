"""XMPP clients of people: slixmpp (https://slixmpp.readthedocs.io), many in one process, told what their users do.

Standard input: one JSON object a line, always with "client", a number of the caller's choice.

    {"client": 1, "do": "login", "jid": …, "password": …, "port": …, "presence": true, "receipts": false}
    {"client": 1, "do": "send", "xml": "<message …/>"}    goes out as it is
    {"client": 1, "do": "roster"}
    {"client": 1, "do": "logout"}                         says goodbye
    {"client": 1, "do": "vanish"}                         does not, as when the network is gone

Standard output: one JSON object a line, {"client": 1, "what": …, "text": …}. "received" and "sent" have a stanza as XML,
"online" the full JID, "roster" the answer to the request as XML, "failed" and "offline" a reason.

A client answers nothing by itself, but requests that RFC 6120 §8.2.3 says must be answered, and, with "receipts", message
receipt requests (XEP-0184). The end of standard input ends all of them.
"""

import asyncio
import json
import os
import resource
import ssl
import sys

import slixmpp
from slixmpp.xmlstream import tostring

# Reading the system's certificates takes most of the time of making a client, and there is no TLS here.
ssl.create_default_context = lambda *_, **__: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

STANZAS = {"{jabber:client}message", "{jabber:client}presence", "{jabber:client}iq"}
# So many clients log in at a time: a server under a storm must not keep the first one waiting for too long.
LOGINS_AT_A_TIME = 25


def tell(client, what, text):
    sys.stdout.write(json.dumps({"client": client, "what": what, "text": text}) + "\n")
    sys.stdout.flush()


class Client(slixmpp.ClientXMPP):
    def __init__(self, number, jid, password, presence, receipts):
        # PLAIN: on loopback nobody listens, and a thousand logins are no test of SCRAM.
        super().__init__(jid, password, sasl_mech="PLAIN")
        self["feature_mechanisms"].unencrypted_plain = True
        self.number, self.presence = number, presence
        self.whitespace_keepalive = False
        self.auto_authorize = None
        self.auto_subscribe = None
        if receipts:
            self.register_plugin("xep_0030")
            self.register_plugin("xep_0184")
            self["xep_0184"].auto_request = False
        self.settled = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", self.online)
        self.add_event_handler("failed_all_auth", lambda _: self.fail("the server refuses the password"))
        self.add_event_handler("connection_failed", lambda why: self.fail(f"no connection: {why}"))
        self.add_event_handler("disconnected", lambda why: self.offline(why))

    async def online(self, _):
        # First the roster: only then does a server send requests for subscription (RFC 6121 §2.2).
        await self.get_roster()
        if self.presence:
            self.send_presence()
        tell(self.number, "online", str(self.boundjid))
        self.settle()

    def settle(self):
        if not self.settled.done():
            self.settled.set_result(None)

    def fail(self, why):
        tell(self.number, "failed", why)
        self.settle()
        self.abort()

    def offline(self, why):
        tell(self.number, "offline", str(why or ""))
        self.settle()

    def incoming_filter(self, xml):
        if xml.tag in STANZAS:
            tell(self.number, "received", tostring(xml, xmlns=self.default_ns, stream=self))
        return xml

    def send_raw(self, data):
        super().send_raw(data)
        text = data if isinstance(data, str) else data.decode()
        if text.startswith(("<message", "<presence", "<iq")):
            tell(self.number, "sent", text)

    async def report_roster(self):
        # Not get_roster(): it asks for changes only (RFC 6121 §2.6).
        tell(self.number, "roster", str(await self.make_iq_get(queryxmlns="jabber:iq:roster").send()))

    async def logout(self):
        self.send_presence(ptype="unavailable")
        await self.disconnect()


class People:
    def __init__(self):
        self.clients = {}
        self.tasks = set()
        self.doors = asyncio.Semaphore(LOGINS_AT_A_TIME)

    def obey(self, client, do, xml=None, **more):
        if do == "login":
            self.beside(self.login(client, **more))
            return
        person = self.clients[client]
        if do == "send":
            person.send_raw(xml)
        elif do == "roster":
            self.beside(person.report_roster())
        elif do == "logout":
            self.beside(person.logout())
        elif do == "vanish":
            person.abort()

    async def login(self, number, jid, password, port, presence=True, receipts=False):
        async with self.doors:
            client = self.clients[number] = Client(number, jid, password, presence, receipts)
            # Without TLS.
            if hasattr(client, "enable_starttls"):  # slixmpp 1.9 and later (Debian 13)
                client.enable_direct_tls = client.enable_starttls = False
                client.enable_plaintext = True
                client.connect("127.0.0.1", port)
            else:
                client.connect(("127.0.0.1", port), disable_starttls=True)
            await client.settled

    def beside(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)  # or it may be collected before its end
        task.add_done_callback(self.tasks.discard)


async def main():
    lines = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    people = People()
    while line := await lines.readline():
        command = json.loads(line)
        try:
            people.obey(**command)
        except Exception as error:  # of this client only: the others go on
            tell(command.get("client"), "failed", f"{command.get('do')}: {error!r}")


_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
asyncio.run(main())
# Without waiting for anybody's goodbye.
os._exit(0)
