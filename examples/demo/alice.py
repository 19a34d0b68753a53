"""Alice's XMPP client: slixmpp (https://slixmpp.readthedocs.io), told on standard input what its user would click.

Standard input: one JSON object a line, {"do": "add", "jid": …} or {"do": "write", "jid": …, "text": …}; its end logs
out. Standard output: every stanza as slixmpp sends and receives it, {"way": "SEND" or "RECV", "xml": …}.
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


class Alice(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self.auto_authorize = None  # a person decides who may see her
        self.register_plugin("xep_0030")  # service discovery
        self.register_plugin("xep_0172")  # the name that others see
        self.register_plugin("xep_0184")  # receipts
        self["xep_0184"].auto_request = True
        self.add_event_handler("session_start", self.online)
        self.add_event_handler("failed_auth", lambda _: self.fail("the server refuses the password"))
        self.add_event_handler("connection_failed", lambda why: self.fail(f"no connection: {why}"))

    async def online(self, _):
        await self.get_roster()
        self.send_presence()
        tell(way="ONLINE", xml=str(self.boundjid))
        lines = asyncio.StreamReader()
        await self.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            self.obey(**json.loads(line))
        await self.disconnect()

    def obey(self, do, jid, text=None):
        if do == "add":
            self.update_roster(jid, name=text)
            self.send_presence_subscription(pto=jid, pnick="Alice")
        elif do == "write":
            message = self.make_message(mto=jid, mbody=text, mtype="chat")
            message["nick"] = "Alice"
            message.send()

    def fail(self, why):
        tell(way="FAIL", xml=why)
        self.loop.stop()


def main():
    jid, password, port = sys.argv[1:]
    stream = logging.getLogger("slixmpp.xmlstream.xmlstream")
    stream.setLevel(logging.DEBUG)
    stream.propagate = False
    stream.addHandler(Wire())
    alice = Alice(jid, password)
    alice.connect(("127.0.0.1", int(port)), disable_starttls=True)  # the demo's server is on loopback, without TLS
    alice.loop.run_until_complete(alice.disconnected)


main()
