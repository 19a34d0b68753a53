"""A person's XMPP client: slixmpp (https://slixmpp.readthedocs.io), told on standard input what its user would click.

Standard input: one JSON object a line, such as {"do": "write", "jid": …, "text": …}; its end logs out. Standard output:
every stanza as slixmpp sends and receives it, {"way": "SEND" or "RECV", "xml": …}.
"""

import asyncio
import json
import logging
import sys

import slixmpp


class Wire(logging.Handler):
    """What slixmpp logs of its stream: the stanzas as they are."""

    def emit(self, record):
        way, _, xml = record.getMessage().partition(": ")
        if way in ("SEND", "RECV") and xml.startswith(("<message", "<presence", "<iq")):
            tell(way=way, xml=xml)


def tell(**what):
    print(json.dumps(what), flush=True)


class Person(slixmpp.ClientXMPP):
    def __init__(self, name, jid, password):
        # PLAIN: the demo's servers are on loopback, without TLS, where slixmpp 1.9 and later refuses SCRAM.
        super().__init__(jid, password, sasl_mech="PLAIN")
        self["feature_mechanisms"].unencrypted_plain = True
        self.name = name
        self.auto_authorize = None  # a person decides who may see her
        self.register_plugin("xep_0030")  # service discovery
        self.register_plugin("xep_0172")  # the name that others see
        self.register_plugin("xep_0184")  # receipts
        self["xep_0184"].auto_request = True
        self.register_plugin("xep_0066")  # files, by their address
        self.register_plugin("xep_0444")  # reactions
        self.register_plugin("xep_0461")  # replies
        self.add_event_handler("session_start", self.online)
        self.add_event_handler("failed_auth", lambda _: self.fail("the server refuses the password"))
        self.add_event_handler("connection_failed", lambda why: self.fail(f"no connection: {why}"))

    async def online(self, _):
        await self.get_roster()
        self.send_presence()
        tell(way="ONLINE", xml=str(self.boundjid))
        # Held by self: asyncio itself holds neither it nor who waits for it (weak references only).
        lines = self.lines = asyncio.StreamReader()
        await self.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            self.obey(**json.loads(line))
        await self.disconnect()

    def obey(self, do, jid=None, text=None, id=None):
        if do == "add":
            self.update_roster(jid, name=text)
            self.send_presence_subscription(pto=jid, pnick=self.name)
        elif do == "approve":
            self.send_presence_subscription(pto=jid, ptype="subscribed")
        elif do == "write":
            self.chat(jid, text).send()
        elif do == "reply":
            message = self.chat(jid, text)
            message["reply"]["to"] = jid
            message["reply"]["id"] = id
            message.send()
        elif do == "share":
            message = self.chat(jid, text)
            message["oob"]["url"] = text
            message.send()
        elif do == "react":
            self["xep_0444"].send_reactions(jid, id, [text])
        elif do == "leave":
            self.send_presence(ptype="unavailable")

    def chat(self, jid, text):
        message = self.make_message(mto=jid, mbody=text, mtype="chat")
        message["nick"] = self.name
        return message

    def fail(self, why):
        tell(way="FAIL", xml=why)
        self.loop.stop()


def main():
    name, jid, password, port = sys.argv[1:]
    stream = logging.getLogger("slixmpp.xmlstream.xmlstream")
    stream.setLevel(logging.DEBUG)
    stream.propagate = False
    stream.addHandler(Wire())
    person = Person(name, jid, password)
    if hasattr(person, "enable_starttls"):  # slixmpp 1.9 and later (Debian 13)
        person.enable_direct_tls = person.enable_starttls = False
        person.enable_plaintext = True
        person.connect("127.0.0.1", int(port))
    else:
        person.connect(("127.0.0.1", int(port)), disable_starttls=True)
    person.loop.run_until_complete(person.disconnected)


main()
