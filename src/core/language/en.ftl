# English. Every sentence that people read, as they read it; this file is the pattern of all others.
#
# A language is a file beside this one, called by its tag (de.ftl), with the same ids and the same arguments ({ $mail }), and
# its line in src/core/language.rs. docs/CONTRIBUTING.md says how; tests/languages.rs says what is missing. An argument is put in as
# it is, and may be what a stranger has written: it cannot be changed here, only placed.

# What this language calls itself.
language = English
# As users of any language may call it.
language-called = english, englisch, anglais, inglés, английский

### What a mail server said

no-reason = the mail server gave no reason
dropped = it was dropped by the administrator of the e-mail gateway
not-reached = the mail server could not be reached

## Mails of the user

# $certain: yes, or no where nobody knows. $why: a few words, not a sentence.
refused = { $certain ->
        [yes] The message to { $mail } was not delivered: { $why }
       *[no] The message to { $mail } may not have been delivered: { $why }
    }
expired = { $certain ->
        [yes] The message to { $mail } was not delivered
       *[no] The message to { $mail } may not have been delivered
    }: no success in { $days ->
        [one] one day
       *[other] { $days } days
    }; the last answer was: { $why }
# $reason: what became of it in plain words, $excerpt: how the message begins, in quotation marks. $why: the same for experts.
undelivered = Not delivered: { $reason }.
    { $why }
undelivered-excerpt = Not delivered: { $excerpt } – { $reason }.
    { $why }
undelivered-no-address = there is no such address
undelivered-mailbox-full = the mailbox is full
undelivered-too-big = it is too big
undelivered-not-allowed = the mail server does not allow it
undelivered-too-long = the mail server could not be reached for too long
undelivered-other = the mail server did not take it
forwarded-not-delivered = The message to { $mail } was forwarded to { $other } and was not delivered: { $why }
# $why ends as a sentence.
late = The message to { $mail } is still waiting on its way: { $why } The mail server goes on trying; there is nothing to do.
delayed = The message to { $mail } is still waiting after { $hours ->
        [one] one hour
       *[other] { $hours } hours
    }: { $why } The gateway goes on trying; there is nothing to do.
# In place of an address, where nobody knows which.
one-of-its-recipients = one of its recipients
failed-before = The message to { $mail } was not delivered, as was told before; write it anew to try again.

# What clients show beside a contact.
status-available = by e-mail
status-trouble = mail does not get through: { $why }

## To the sender of a mail that the XMPP server does not take

returned = Your mail to { $mail } was not delivered: { $why } (XMPP: { $condition }).
returned-said = It said: { $words }
returned-footer = This report comes from an e-mail gateway of an instant messaging system. You will get at most one in an hour.
returned-subject = Undelivered mail
returned-from = Mail Delivery System
returned-no-user = there is no such user
returned-no-user-or-away = there is no such user, or they cannot be reached now and nothing is kept for them
returned-moved = the user has moved
returned-away = the user cannot be reached now
returned-no-room = there is no room for more messages to this user
returned-no-server = the server of the user cannot be found
returned-silent-server = the server of the user does not answer
returned-not-allowed = the user or their server does not allow it
returned-other = the server of the user did not take it

## Mails that are shown, or not

# The words of others, which the gateway did not write.
in-quotes = “{ $text }”

whole-mail = The whole mail: { $url }
rest-too-long = [The rest is too long for a message.]
# $kept: mailbox, here, or nowhere. Where it is kept here, the next line may say where the whole mail is read.
cut = { $kept ->
        [mailbox] [The text goes on; the whole mail has { $size } and lies in the mailbox.]
        [here] [The text goes on; the whole mail has { $size }.]
       *[nowhere] [The text goes on; the whole mail has { $size } and is not kept.]
    }
too-large = [This mail has { $size }, more than the { $max } that the gateway reads. It lies in the mailbox.]
empty-mail = [empty mail]
unverified = [Unverified sender. This is said once a day.]
# On top of the first mail of somebody with whom the user has had nothing to do. $who: a name with its address, or an address.
first-mail = [{ $who } writes to you for the first time.]
first-bulk-mail = [{ $who } writes to many, and to you for the first time.]
unverified-answer = [Nobody could verify that this is from { $mail }, so your contact request stays open. If you know that it is, accept the request of { $mail }, or write to the gateway: accept { $mail }]
# $who: a name with its address, or an address. $preview: how the mail begins, in quotation marks.
stranger-asks = { $who } would like to write to you. To read it, accept the contact request, or write here: accept { $mail }
    To see nothing of it: refuse { $mail }
stranger-asks-saying = { $who } would like to write to you: { $preview }. To read it, accept the contact request, or write here: accept { $mail }
    To see nothing of it: refuse { $mail }
# The same where clients show a contact request.
status-stranger-asks = { $mail } would like to write to you
status-stranger-asks-saying = { $mail } would like to write to you: { $preview }
# Behind each of the four.
unverified-stranger = Nobody could verify that this is from { $mail }.
status-unverified-answer = Somebody has answered as { $mail }, and nobody could verify it.
strangers-wait = Mail has come for you from somebody with whom you have had nothing to do, and waits. To see who waits, write here: requests
more-attachments = { $kept ->
        [mailbox] [and { $count } more; they lie in the mailbox]
       *[nowhere] [and { $count } more]
    }
# Why a file is only named.
lies-in-mailbox = the file is in the mailbox
lies-here = the file is in the whole mail
lies-nowhere = the file is not kept
not-hosted-over = the server takes no file over { $max }; { $lies }
not-hosted-too-big = too big for the server; { $lies }
not-hosted-refused = the server does not take it ({ $words }); { $lies }
not-hosted-silent = the server did not answer; { $lies }
not-hosted-limit = more files than a day may bring; { $lies }
not-hosted-per-mail = only { $max } files of a mail are shown; { $lies }
a-mail = A mail
a-mail-from = A mail from { $mail }
# $what: a-mail or a-mail-from.
not-shown = { $kept ->
        [mailbox] { $what } could not be shown: the e-mail gateway failed on it, which is a defect of it. It lies in the mailbox.
       *[nowhere] { $what } could not be shown: the e-mail gateway failed on it, which is a defect of it. It is kept for the administrator of the gateway.
    }
too-big = { $kept ->
        [mailbox] { $what } could not be shown: it is too big for the XMPP server. It lies in the mailbox.
       *[nowhere] { $what } could not be shown: it is too big for the XMPP server. It was refused.
    }
welcome = Welcome! Here you chat with people who have e-mail. A mail to { $mail } arrives as a message from whoever wrote it; what you answer goes to them as a mail. To write to somebody new, send this here, for example: carol@mail.example Hello! With “help” you see what else can be done.
mails-wait = More mails come for you than are shown in a minute ({ $limits }). The others wait and follow.
mails-wait-from-one = { $count } from one sender
held-failed = { $kept ->
        [mailbox] A mail that claims to be from { $mail } failed authentication and lies in the mailbox.
       *[nowhere] A mail that claims to be from { $mail } failed authentication and was refused.
    }
held-unverified = { $kept ->
        [mailbox] A mail that claims to be from { $mail } could not be authenticated and lies in the mailbox.
       *[nowhere] A mail that claims to be from { $mail } could not be authenticated and was refused.
    }
held-unread = { $kept ->
        [mailbox] A mail that claims to be from { $mail } has a header that is too long to be checked and lies in the mailbox.
       *[nowhere] A mail that claims to be from { $mail } has a header that is too long to be checked and was refused.
    }
# Behind each of those three. $who: where who runs the gateway can be reached, in URIs.
held-ask = If you cannot open that mailbox, ask whoever runs this gateway: { $who }
held-as-well = { $count ->
        [one] 1 more mail whose sender is in doubt came since you were told of one, and is not shown.
       *[other] { $count } more mails whose senders are in doubt came since you were told of one, and are not shown.
    }
nobody-to-be-read = nobody that could be read
unshowable-sender = [A mail from { $mail }, whose address cannot be a JID; you cannot answer it from here.]
nameless-sender = [A mail whose sender is given as { $words }, which is no address; you cannot answer it.]
silent-sender = [A mail that does not say who sent it; you cannot answer it.]
answer-goes-to = [Your answer goes to { $mail }: this sender wants answers there.]
unanswerable = The address of this sender cannot be a JID, so that nothing can be written to them from here; answer by a mail program.
nobody = The message to { $mail } was not delivered: the address leads to this gateway, which has no user of that name. Compare the address and write again.

# Who else has a mail. What follows the colon is a list of names; the line is known by what stands before it.
recipients = To: { $names }
recipients-more = To: { $names } and { $more } more
you = you

## Mails to people, who read them in a mail program

correction = Correction: { $text }
reaction = { $emoji } to your message
reaction-to = { $emoji } to { $excerpt }
reaction-taken-back = [took a reaction to your message back]
reaction-taken-back-of = [took the reaction to { $excerpt } back]
corrected = { $text }

    (It said: { $excerpt })
you-quote = { $name } wrote:
you-quote-yourself = I wrote:
not-attached = The file { $name } could not be attached to the mail: { $why }. The mail has its link instead.
too-big-to-attach = what is attached may have { $max }
files-over-limit = that is more than a day may bring
# To whom a mail goes. $host: the server on which the file lies.
file-as-link-big = [{ $name } ({ $size }) is too big for this mail. The link above leads to it, as long as { $host } keeps it.]
file-as-link-too-big = [{ $name } is too big for this mail. The link above leads to it, as long as { $host } keeps it.]
file-as-link = [{ $name } could not be attached. The link above leads to it, if { $host } still has it.]

invitation-subject = { $name } would like to chat with you
invitation-hello =
    Hello,

    { $name } would like to chat with you, and writes from an instant messenger; you need nothing but your mail program.
invitation-words = { $name } writes: { $words }
invitation-how =
    To accept, answer this mail; whatever you write reaches { $name } as a chat message, and messages from { $name } reach you as mails from { $mail }.

    To refuse, answer with the one word no, or do nothing: you will not be asked again for at least a week.
invitation-by = This is a service of { $organisation }.
invitation-accept = Accept
invitation-yes = Yes

away-subject = { $name } is away
away-text = { $name } is away at the moment, and reads your mail later.
away-by-program = [A program answers in place of { $name }, at most once in 7 days.]

subscribe-subject = { $name } asks for your presence
subscribe-text = { $name } ({ $mail }) would like to see when you are online.
subscribed-subject = { $name } lets you see their presence
subscribed-text = { $name } ({ $mail }) lets you see when they are online.
unsubscribe-subject = { $name } no longer follows your presence
unsubscribe-text = { $name } ({ $mail }) no longer wants to see when you are online.
unsubscribed-subject = { $name } no longer shows you their presence
unsubscribed-text = { $name } ({ $mail }) does not let you see when they are online, or no longer does.
presence-online = { $name } is online
presence-away = { $name } is away
presence-xa = { $name } is away for long
presence-dnd = { $name } does not want to be disturbed
presence-offline = { $name } is offline
# Below all of these.
for-gateways = This mail is from one instant messaging system to another (XMPP over e-mail); there is nothing to do.

without-text-received = { $name } has received your message.
without-text-read = { $name } has read your message.
without-text-reaction = { $name } reacted to a message: { $emoji }
without-text-reaction-taken-back = { $name } took a reaction back.
without-text-retraction = { $name } has taken back a message.
without-text-other = { $name } sent something that only an instant messenger shows.

## Why something is not taken

outsider = This e-mail gateway serves the users of { $domains } only; ask its administrator to let you in.
outsider-certain = This e-mail gateway serves certain users only; ask its administrator to let you in.
# $error: a sentence without its full stop.
no-address = { $error }. Write to carol@mail.example as carol\40mail.example@{ $gateway } or carol%mail.example@{ $gateway }.
address-form = “{ $typed }” is not of the form name@domain
address-length = “{ $typed }” is too long for a mail address (250 octets before the @, 255 after it)
address-local = “{ $typed }” has a character that cannot stand before the @ of a mail address
address-domain = “{ $typed }” is not a domain name
no-chat-address = { $mail } cannot be a chat address ({ $error })
no-jid = “{ $typed }” in the list of recipients is no JID ({ $error })
not-a-contact = This is the e-mail gateway itself. Write to carol@mail.example as carol\40mail.example@{ $gateway }.
user-has-no-mail = There is no mail address for { $user }; ask the administrator of the e-mail gateway to add a rule or a pair for it.
address-is-reserved = The mail address { $mail }, which would be yours by rule, is for whoever runs the mail domain; ask the administrator of the e-mail gateway for a pair with another one.
address-is-taken = The mail address { $mail }, which would be yours by rule, belongs to somebody else; ask the administrator of the e-mail gateway.
you-blocked = You have blocked { $mail }, whose answers you would not see. To write there, say this to the e-mail gateway first: unblock { $mail }
contact-denied = The administrator of the e-mail gateway does not allow mail to { $mail }.
known-as = { $mail } is your contact { $jid } already; remove that one first, or this one.
# The subject of a mail whose message has none. $name: of who writes.
default-subject = Chat with { $name }
chat-subject = Message from { $name }
encrypts = [This mail is encrypted, and this gateway cannot read it. If the program of { $mail } takes encrypted mail alone, as Delta Chat does unless it is told otherwise, what you write is not shown there: ask for another address, or for unencrypted mail to be allowed there.]
encrypted = This gateway cannot carry end-to-end encrypted messages; switch encryption off for this contact and send again.
encrypted-file = This file is encrypted for chat clients, and nobody who gets it by mail could open it; switch encryption off for this contact and send it again.
body-too-long = The message has { $octets } octets, the gateway takes at most { $max }; send it in parts.
not-taken-back = [This message cannot be taken back: it has left as an e-mail, or may have.]
taken-back-in-time = [This message was taken back before it left: nobody has seen it.]
not-yours = [This is not a message of yours, so you cannot take it back.]
unknown-message = [The message that you want to take back is not known here: it was not sent from this conversation, or too long ago. Nothing was taken back.]
reaction-has-left = [Your reaction has left as an e-mail, or may have, and cannot be taken back.]
no-calls = [This contact is reached by e-mail and cannot be called; write instead.]
no-rooms = This contact is reached by e-mail and cannot enter rooms; send them the address of the room instead.
no-attention = This contact is reached by e-mail and is shown messages only; write instead.
no-groupchat = This gateway does not carry group chat messages; write to a contact instead.
too-many-recipients = The message has { $count } recipients, the gateway takes at most { $max }; send it to fewer.
# $again: a time like “5 minutes”.
sent-too-much = You may send { $count } mails in an hour, each recipient counts, and have sent them. The message was not sent; try again in { $again }.
sent-too-much-to-one = You may send { $count } mails in an hour to one address, and have sent them to { $mail }. The message was not sent; try again in { $again }.
sent-too-much-by-all = The users of { $domain } may send { $count } mails in an hour together, each recipient counts, and have sent them. The message was not sent; try again in { $again }, or ask the administrator of the e-mail gateway.
too-many-strangers = You may write to { $count } new addresses in a day, and have done so. Nothing was sent; try again in { $again }, or ask the administrator of the e-mail gateway.
in-seconds = { $count ->
        [one] 1 second
       *[other] { $count } seconds
    }
in-minutes = { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }
in-hours = { $count ->
        [one] 1 hour
       *[other] { $count } hours
    }
unanswered-requests = The e-mail gateway gets too many requests from you and does not answer all of them; ask again in some seconds.
unwritable = { $error }. The message was not sent.
unwritable-address = The address { $mail } cannot stand in a mail
unwritable-other = The message cannot be written as a mail: { $why }
no-room = The e-mail gateway cannot take messages now (its disk is full or failing). The message was not sent; try again later.
failed = The e-mail gateway failed on this, which is a defect of it; nothing was sent. It is kept for the administrator of the gateway.
unknown-request = The e-mail gateway does not know this request.
no-answer-to-all = This answers no mail that went to several people, or one that went to more than the gateway can write to; write it without /all. The message was not sent.
nothing-for-all = Write behind /all what everybody is to read who has the mail. The message was not sent.
too-many-requests = The gateway mails at most { $max } subscription requests and answers to one contact in an hour; try again later.

## The page of a mail

page-without-subject = Mail without a subject
page-until = Whoever has the address of this page can read the mail, until { $when }.
page-show-remote = Show pictures from elsewhere
page-remote-tells = (whoever has put them there learns that you read the mail)
page-hide-remote = Hide pictures from elsewhere
page-text-cut = The rest of the text is in the file.
page-more-files = More files are in the mail itself, below.
page-from = From
page-to = To
page-cc = Cc
page-date = Date
page-and-more = and { $more } more
page-as-sent = As it was sent
page-as-text = As plain text
page-text = Text
page-files = Files
page-all-fields = All header fields
page-as-file = The mail as a file (.eml)

## The page on which somebody types a mail address and gets by what it is reached

write-page-title = Write to a mail address by chat
# $gateway: the domain of the gateway.
write-page-about = The gateway { $gateway } joins chat (XMPP) and e-mail. Whoever has an account at a chat server that it serves writes from there to anybody with a mail address: your message arrives as a mail, and the answer to it comes back as a message. Type the address, and you get the contact for your chat program.
write-page-show = Show the contact
write-page-open = Write in my chat program
write-page-scan = Or scan this with the telephone on which you chat:
# The picture, for those who do not see it.
write-page-code-of = QR code of the contact { $mail }
write-page-note = Nothing was sent, and nobody has looked whether the address exists. You can also enter the chat address as a new contact.
# $mail: what was typed; $domain: what is behind its @.
write-page-chats-here = { $mail } is an address at the chat server { $domain }. Write to it in your chat program as it is: no mail address is needed for that.
write-page-also-mail = Only if it is a mail address as well, and you mean that, take this:

## What a file of a mail is called, before its name and its size

small-pictures = [{ $count } small pictures, { $size }]
file-calendar = calendar invitation
file-contact = contact card
file-page = web page
file-encrypted = encrypted message
file-smime = S/MIME message
file-openpgp-key = OpenPGP key
file-signature = signature
file-tnef = Outlook attachments
file-partial = piece of a mail
file-mail = mail
file-delivery-report = delivery report
file-read-receipt = read receipt
file-header = header of the mail
file-chat-message = chat message
file-pdf = PDF
file-archive = archive
file-image = image
file-audio = audio
file-video = video
file-text = text
file-message = message
file-other = file

## Meetings and tasks: what it is, then its title, when, how often, where

meeting-invitation = invitation
meeting-cancelled = cancelled
meeting-accepted = accepted
meeting-declined = declined
meeting-tentative = tentatively accepted
meeting-delegated = delegated to somebody else
meeting-answer = calendar answer
meeting-counter = another time is proposed
meeting-counter-declined = the proposed time is declined
meeting-refresh = asked for the latest version
meeting-task = task
meeting-event = event
meeting-untitled = without a title
meeting-more = and { $more } more
meeting-daily = repeated by the day
meeting-weekly = repeated by the week
meeting-monthly = repeated by the month
meeting-yearly = repeated by the year
meeting-repeated = repeated
day = { $weekday } { $day } { $month } { $year }
weekdays = Mon Tue Wed Thu Fri Sat Sun
months = Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec

## Small words

size-bytes = { $count } bytes
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-megabytes-tenths = { $count }.{ $tenths } MB

### What one asks the gateway itself for

helper-name = E-mail helper
gateway-name = E-mail gateway
gateway-status = e-mail gateway
gateway-short-name = E-mail
forwarded = Forwarded message:
forwarded-from = Forwarded message from { $from }:
forwarded-at = Forwarded message of { $stamp }:
forwarded-from-at = Forwarded message from { $from } of { $stamp }:
room-invitation = Invitation to the chat room { $room }
room-password = Password: { $password }
spoiler = Spoiler
data-policy = Messages become mails, which this gateway and the mail servers on their way can read. Of each message its name, its time and its first words are kept for that long; mails and files that are not shown whole may be kept as well. Contacts and choices stay until you remove them. “export” gives you all of it, “forget me” deletes it.
data-policy-of-mail = Mail is not encrypted from end to end, and between mail servers it may not be encrypted at all. Whoever gets a mail, and their mail server, keep it as they like.
gateway-description = Joins this server and e-mail: write to carol@mail.example as one of its contacts.
gateway-prompt = Enter the mail address of the person you want to chat with, for example carol@mail.example.

# Before and after the list of commands.
help-before = This is the e-mail gateway. Write to people by their mail address:
# $originals: yes where whole mails are kept.
help-after = In a conversation, an answer that begins with /all goes to everybody who has the mail; { $originals ->
        [yes] /original alone shows all of the last mail, and /help alone
       *[no] /help alone
    } shows this. A command behind a slash is never sent; all else goes to the other side.
# $link: the address of a page on which a mail address is typed.
help-write-page = The chat address of any mail address, with a link and a code for a telephone: { $link }

no-changes = What was said to the gateway is done and cannot be corrected or taken back here. Write a new message.
not-understood = “{ $typed }” is no command here. Nothing was sent to anybody.
    To write to somebody: carol@mail.example Hello! “help” lists everything.
to-write-to = “{ $typed }” is no command here. Nothing was sent to anybody. To write to { $mail }, send: { $mail } your text
# What people say to the gateway that is no command (separated by commas, beside the English words), and what it answers.
greeting-words = hi, hello, hey, hi there, hello there, good morning, good afternoon, good evening
greeting = Hello! This is the e-mail gateway. To write to somebody: carol@mail.example Hello! “help” lists everything.
thanks-words = thanks, thank you, thx, many thanks, thanks a lot, thank you very much
thanks = You are welcome.
did-you-mean = “{ $typed }” is no command here. Nothing was sent to anybody. Did you mean “{ $command }”? “help” shows what there is.
several-addresses = Write to one address at a time: nothing was sent to anybody.
# $typed: a name that one contact has. $example: the command with the address of this contact.
is-it = “{ $typed }” is no mail address. Did you mean { $mail }? Then send: { $example }
# In a conversation. $helper: the JID to which commands are written, $link: the same as a link.
for-the-gateway = [“{ $typed }” is a command for the gateway and was not mailed to { $mail }. Write it to { $helper }:
    { $link }
    To send it to { $mail } as text, put a space before the slash.]
# Nearly a command, in a conversation. $command: the words of the command.
slash-slip = [“{ $typed }” was not mailed to { $mail }. Did you mean the command “{ $command }”? Write it to { $helper }:
    { $link }
    To send the line to { $mail } as text, put a space before the slash.]
lacks-value = { $option } takes { $values }, or default. Write for example: { $example }
# $label: what is missing, as it stands beside its field.
lacks = { $label }? Write for example: { $example }
required = “{ $label }” is needed.
session-done = This form was sent before, and what it says is done. Begin again if you want it once more.
session-over = This form is too old; begin again.
session-unknown = This form was not given to you by this command; begin again.
action-unknown = This command knows execute, next, prev, complete and cancel.

opened = What you write in the conversation with { $mail } goes there as mail, and answers come as messages. It is here:
written = Your message goes to { $mail } as mail. The conversation is here:
begins = [What you write here goes to { $mail } as mail. Answers come here.]
begins-with = [You wrote to { $mail }: “{ $text }” What you write here goes there as mail, too. Answers come here.]
is-user = { $mail } belongs to this chat server, so no mail is needed. If that account exists, write here:
# Somebody to whom no mail address of the gateway belongs. $contact: the JID by which a mail is written all the same.
chats-here = { $mail } belongs to this chat server. If it is a mail address as well, write to it as { $contact }. Else, if that account exists, write here:
is-yourself = { $mail } is your own address: mail to it comes to you as messages.
cannot-be-contact = { $mail } cannot be a contact: with the gateway's domain it is too long for a chat address.
own-address = Your mail address is { $mail }. Mail to it comes to you as messages, and your messages to mail addresses come from it.
own-name = Your mails are from { $name } <{ $mail }> from now on.
own-name-taken-back = Your mails call you again what your client or this gateway calls you.
no-name = “{ $typed }” cannot be your name: it has the address of somebody else in it.
no-name-unseen = That cannot be your name: nothing of it is seen.
no-name-but-sentence = “{ $typed }” reads like a sentence, so nothing was changed. Write your name alone, for example: { $example }

no-contacts = You have no mail contacts yet. Write to somebody: carol@mail.example Hello!
contacts-all = { $count ->
        [one] You have one mail contact.
       *[other] You have { $count } mail contacts.
    }
# $cut: yes where nobody has counted further.
contacts-shown = { $cut ->
        [yes] You have more than { $all } mail contacts; here are { $shown }, those first to whom you have written. The search of your client finds the others by a part of their name or address.
       *[no] You have { $all } mail contacts; here are { $shown }, those first to whom you have written. The search of your client finds the others by a part of their name or address.
    }
contacts-more-than = You have more than { $all } mail contacts.
# $moment: a day and a time.
last-message = last message { $moment }
tomorrow-at = tomorrow at { $time } UTC
today-at = today at { $time } UTC
yesterday-at = yesterday at { $time } UTC
# $weekday: 1 is Monday.
weekday-at = on { $weekday ->
        [1] Monday
        [2] Tuesday
        [3] Wednesday
        [4] Thursday
        [5] Friday
        [6] Saturday
       *[7] Sunday
    } at { $time } UTC
day-at = on { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
reached-by-gateway = by its own gateway
reached-by-mail = by mail
contact-trouble = mail does not get through (this began { $moment }): { $why }
verified = verified
blocked = blocked
removed = { $mail } is forgotten here. If your client still shows it, remove it there; whoever writes from there is somebody new.
removed-waits = { $count ->
        [one] One mail of { $mail } waits and would be lost.
       *[other] { $count } mails of { $mail } wait and would be lost.
    } Write first: accept { $mail } or: refuse { $mail }
blocked-stays = { $mail } is blocked, and would be shown again: write first: unblock { $mail }
removed-by-client = { $mail } has a gateway of its own, which has to hear of it: remove the contact in your client.
unknown-contact = { $mail } is none of your contacts.

# What says behind an address that it is spam (separated by commas, beside the English words).
spam-words = spam, junk
report-spam = yes, tell whoever runs this gateway
spam-reported = Whoever runs this gateway is told that { $mail } sends spam.
spam-reported-already = You have reported { $mail } already: whoever runs this gateway knows.
spam-told = { $user } has blocked { $mail } and reports spam. The log says more; a mail server can refuse this sender for all.
is-blocked = Mails of { $mail } are not shown to you any more. To see them again: unblock { $mail }
is-blocked-already = Mails of { $mail } are already hidden from you. To see them again: unblock { $mail }
is-unblocked = Mails of { $mail } are shown to you again. Those that came meanwhile are not.
was-not-blocked = { $mail } is not blocked.
not-blocked-here = { $mail } is somebody on this server: block them by your client, as everybody there.
no-mail-of = { $mail } belongs to this chat server, and no mail comes from there.

options-of-contact = How mails of { $mail } are shown to you:
options-of-blocked = { $mail } is blocked: its mails are not shown to you. To see them again: unblock { $mail }
options-of-all = How mails are shown to you (“options carol@mail.example” shows what you chose for one contact):
chosen-for-contact = your choice for this contact
chosen-by-user = your choice
chosen-by-client = your chat program's language
chosen-by-gateway = the gateway's default
# $about and $meaning: an option and one of its values, below.
option-set = From now on, { $about } { $meaning }.
option-set-for = From now on, { $about } { $meaning }, where they are from { $mail }.
option-means = { $about } { $meaning }
option-taken-back = Your choice is taken back. From now on, { $about } { $meaning }, the gateway's default.
option-taken-back-client = Your choice is taken back. From now on, { $about } { $meaning }, your chat program's language.
option-taken-back-for = Your choice for { $mail } is taken back. From now on, { $about } { $meaning } there, as for all your contacts.
no-option = “{ $typed }” is no option; there is { $names }. Write for example: set quotes keep
no-value = “{ $typed }” is no value of { $option }; write { $values }, or default.
option-for-all-only = { $option } is for all your contacts; leave the address out.
# One of several words: “a, b or c”.
alternatives = { $others } or { $last }

option-quotes = quoted history and signatures below an answer
option-quotes-cut = are not shown
option-quotes-keep = are shown
option-bulk = mails of mailing lists and other bulk mail
option-bulk-show = are shown like all others
option-bulk-headline = are shown as news, and only while you are online
option-bulk-drop = are not shown
option-gather = messages that you write in one go
option-gather-on = become one mail
option-gather-off = are a mail each
option-strangers = mails of people with whom you have had nothing to do
option-strangers-mark = are shown, and the first one says so
option-strangers-show = are shown like all others
option-strangers-request = wait until you accept their sender, as your client asks you
option-strangers-hold = wait until you ask by “requests”
option-away-on-xa = the words of your status “not available” (extended away)
option-away-on-xa-on = answer who writes to you by mail
option-away-on-xa-off = answer nobody
option-language = what this gateway says to you
# $tag: a language, $name: what it calls itself.
option-language-is = is in { $tag ->
        [en] English
        [de] German
        [fr] French
        [es] Spanish
        [ru] Russian
       *[other] { $name }
    }

found = E-mail
found-more = There are more than these: enter a longer part of the name or address
search-for = Enter a mail address to write to it, or a part of the name or address of one of your mail contacts.

no-mail-known = No mail from { $mail } is known in your conversation.
no-mails-kept = This gateway keeps no whole mails.
mail-not-kept = The whole of the last mail from { $mail } is not kept here.
mail-shown-whole = The last mail from { $mail } came { $moment } and is in your conversation as it is: nothing of it was left out.
unverified-original = [Unverified sender.]
original-waits = { $mail } waits for you to accept it, and nothing of its mails is shown before. To read them: accept { $mail }
    To see nothing of them: refuse { $mail }
original-refused = You have refused { $mail }, so nothing of its mails is shown. If you change your mind: accept { $mail }
# Of links to pages of mails and to files. $all: yes where the user asked for all of them.
revoke-done = { $all ->
        [yes] { $count ->
            [0] There was no link of yours.
            [one] Your link is dead: whoever opens it finds nothing.
           *[other] Your { $count } links are dead: whoever opens one finds nothing.
        }
       *[no] { $count ->
            [0] That leads to nothing of yours: it has expired, or you have revoked it, or there never was such a link.
            [one] That link is dead: whoever opens it finds nothing.
           *[other] { $count } links are dead: whoever opens one finds nothing.
        }
    }
# Where the user named a mail address. $mail: that.
revoke-last-none = The last mail from { $mail } has no link, or it is dead already. For older ones: “revoke” with the link, or “revoke all” for all your links.
revoke-failed = Nobody is shown what the link leads to, but the gateway could not delete it. Ask once more; if that is said again, tell whoever runs this gateway.

# Who waits to be accepted.
requests-none = Nobody waits for you to accept them.
# $full: yes where no more people can wait.
requests-waiting = { $count ->
        [one] One person would like to write to you.
       *[other] { $count } people would like to write to you.
    } { $full ->
        [yes] Of more than these nothing is kept until you accept or refuse some. To read
       *[no] To read
    } what somebody wrote, and what comes: accept { $mail }. To see nothing of it: refuse { $mail }
request-answered = an answer to you, which nobody could verify
request-mails = { $count ->
        [one] one mail
       *[other] { $count } mails
    }
# $mails: one of the two before.
request-mails-left = { $mails }, and { $count } that are not kept here
request-unverified = unverified sender
request-accepted = Mails of { $mail } are shown to you from now on.
request-shown = { $count ->
        [one] What was written to you is in your conversation.
       *[other] The { $count } mails that were kept are in your conversation.
    }
request-left = { $count ->
        [one] One more was not kept here.
       *[other] { $count } more were not kept here.
    }
request-missed = What was written while you had refused it is not kept.
request-confirmed = { $mail } is one of your contacts now.
request-accepted-already = Mails of { $mail } are already shown to you.
request-refused = Mails of { $mail } are not shown to you, and nobody is told. If you change your mind: accept { $mail }
request-not-believed = Your contact request to { $mail } stays open until { $mail } answers in a way that can be verified.
request-unknown = { $mail } does not wait for you. To write there, send: { $mail } your text

# What became of a message.
way-none = No message to { $mail } is known here.
way-no-user = “{ $typed }” is no user of this gateway. Write for example: where of alice@a.example carol@mail.example
way-last = The last message to { $mail } was accepted here { $moment }:
way-last-saying = The last message to { $mail }, { $excerpt }, was accepted here { $moment }:
way-server-said = The mail server says: { $words }
# $words: what happened, where no mail server has said anything.
way-last-attempt = The last attempt failed: { $words }
way-taken-back = It was taken back before it left.
way-taken = The mail server has taken it.
way-left = It has left; the mail server has reported nothing since.
way-late = It was late on its way.
way-delivered = A mail server reports that { $mail } has it.
way-failed = It did not reach { $mail }.
way-read = It was read.
way-name = Its Message-ID is { $id }.

nothing-waits = Nothing waits: you have no mail that is still to be sent.
a-request = an invitation
# How a message begins, and how many lines follow the first.
excerpt = “{ $text }”{ $more ->
        [0] { "" }
        [one] { " " }and 1 more line
       *[other] { " " }and { $more } more lines
    }
mails-waiting = { $count ->
        [one] One of your mails waits.
       *[other] { $count } of your mails wait.
    } To take one back, write for example: cancel { $example }. To have it tried at once: send now { $example }
mails-waiting-more = More than { $count } of your mails wait; the oldest of them are here. To take one back, write for example: cancel { $example }. To have it tried at once: send now { $example }
people = { $first } and { $others ->
        [one] one other
       *[other] { $others } others
    }
waiting-to = to { $people }
waiting-since = written { $moment }
not-tried = not tried yet
tried-times = { $count ->
        [one] tried once
       *[other] tried { $count } times
    }
turn-comes = { $tried }, its turn comes
leaves-at = { $tried }, leaves { $moment }
again-at = { $tried }, again { $moment }
under-way = on its way at this moment
just-ended = the last attempt has just ended
taken-back = Your mail to { $people } is taken back; it was not sent.
taken-back-uncertain = Your mail to { $people } is not tried any more. An earlier attempt was broken off at its end, so it may have arrived.
tried-now = Your mail to { $people } is tried now, after those that you wrote to the same address before it.
unchanged-under-way = Your mail to { $people } is on its way at this moment: nothing was changed. Ask again when that has ended.
unchanged-settling = Your mail to { $people } was just tried for the last time: nothing was changed, and you are told what came of it.
unchanged-unreadable = Your mail to { $people } cannot be read at the moment: nothing was changed. Ask again later.
unchanged-gone = Your mail to { $people } does not wait any more.
none-waits-called = None of your mails that wait is called “{ $typed }”. Write “waiting” to see them.
several-wait-called = Several of your mails that wait are called “{ $typed }…”: write more of the name.
busy = The gateway has too much to do at the moment, and nothing was changed. Ask again in a moment.

# What comes before a day (separated by commas, beside the English words).
until-words = until, till, til
# Words between that and a day (separated by commas).
until-articles = the, on, next, of
# What comes before the first day, and between it and the last (separated by commas, beside the English words).
from-words = from, starting, starting from, beginning, as of
to-words = to, through, thru, -, –, —
# Behind a word for a beginning: this moment, and what says behind a day that it goes on (separated by commas, the longer before
# the shorter).
now-words = right now, now
onward-words = onwards, onward, on
# From Monday to Sunday, divided by semicolons; the words of each by commas.
weekday-words = monday, mon; tuesday, tue; wednesday, wed; thursday, thu; friday, fri; saturday, sat; sunday, sun
# From January to December, divided by semicolons; the words of each by commas.
month-words = january, jan; february, feb; march, mar; april, apr; may; june, jun; july, jul; august, aug; september, sept, sep; october, oct; november, nov; december, dec
today-words = today, tonight
tomorrow-words = tomorrow
next-week-words = next week
# How long, in days and weeks from today: what may come before it, what stands for 1, and what is counted (separated by commas).
for-words = for
one-words = a, an, one
day-words = day, days
week-words = week, weeks
# $day: a date like 2026-12-24, the last one.
away-begun = Who writes to you by mail is answered from now on that you are away, at most once in 7 days: people whose address is verified, and no lists. When you are here again, write: back
away-begun-until = Who writes to you by mail is answered until { $day } that you are away, at most once in 7 days: people whose address is verified, and no lists. When you are here earlier, write: back
# $first: the first day, like $day. $before: whether the user's status may answer until then (status) or not (nobody).
away-later = Who writes to you by mail is answered from { $first } on that you are away, at most once in 7 days: people whose address is verified, and no lists. { $before ->
        [status] Until then your status decides.
       *[nobody] Until then nobody is.
    } To call it off, or when you are here again, write: back
away-later-until = Who writes to you by mail is answered from { $first } until { $day } that you are away, at most once in 7 days: people whose address is verified, and no lists. { $before ->
        [status] Before that your status decides.
       *[nobody] Before that nobody is.
    } To call it off, or to end it earlier, write: back
away-says = The answer says: “{ $text }”
away-says-nothing = The answer says no more than that; your own words can follow the command.
away-holds = You are away: who writes to you by mail is answered so. “back” ends it.
away-holds-until = You are away until { $day }: who writes to you by mail is answered so. “back” ends it.
away-planned = You will be away from { $first } on: who writes to you by mail then is answered so. “back” calls it off.
away-planned-until = You will be away from { $first } until { $day }: who writes to you by mail then is answered so. “back” calls it off.
away-by-status = You are away, as your status says: who writes to you by mail is answered in its words, until your status is another one.
away-asks-for-status = The gateway asks to see your status: allow that in your chat program. From then on the status “not available” (extended away) with words of yours answers who writes by mail.
# The same where nobody is answered, since no sender is verified. $who: where who runs the gateway can be reached, in URIs.
away-unverified = But nobody is answered as things are: this gateway verifies no sender, so it answers nobody. Whoever runs it can change that: [trust] in its configuration.
away-unverified-ask = But nobody is answered as things are: this gateway verifies no sender, so it answers nobody. Whoever runs it can change that ([trust] in its configuration); ask here: { $who }
# $helper: who asks in the user's list of contacts.
away-waits-for-status = “away-on-xa” is on, but the gateway does not see your status: allow the contact request of { $helper } in your chat program. To be asked again, write: set away-on-xa on
away-status-refused = The gateway may not see your status, so your status answers nobody, and “away-on-xa” is off again. To be asked for it once more, write: set away-on-xa on
away-ended = Welcome back. Nobody is answered any more that you are away.
away-called-off = It is called off: nobody will be answered that you are away.
away-not = You were not away: nobody is answered automatically.
away-no-day = “{ $typed }” is no day of the coming year. Write it like this: away until 2026-12-24 I am in the mountains
away-no-first = “{ $typed }” is no day of the coming year. Write it like this: away from 2026-12-24 until 2027-01-02 I am in the mountains
away-backwards = The last day, { $day }, is before the first, { $first }. Write it like this: away from 2026-12-24 until 2027-01-02 I am in the mountains
away-too-long = That is more than { $max } characters. Write less.

# $day: a date like 2026-12-24.
export-link = All that this gateway has stored about you is in this file, which anybody who has the address can read, until { $day }: { $link }
export-messages = { $count ->
    [one] All that this gateway has stored about you follows, in one message.
   *[other] All that this gateway has stored about you follows, in { $count } messages.
}
export-cut = It is more than fits in here. Whoever runs this gateway can give you all of it.
export-failed = What is stored about you cannot be read at the moment, or there is no room for a file. Try it again later.
# In the file: what each of its parts is, by its “kind”.
export-about-user = Who you are to this gateway, and when this was written. Times are milliseconds since 1970, or dates in UTC.
export-about-waiting = A mail of yours that has not left yet.
export-about-kept = A mail or a file that the gateway keeps for you, with its link and until when, or how many there are.
export-about-pair = A mail address that belongs to you or was made for a contact of yours.
export-about-options = What you have chosen, for all contacts or for the one that is named, and what the gateway has read of your status and your card.
export-about-contact = Somebody with whom you have to do: what is known of them and who may see whose status.
export-about-thread = A conversation by mail: to which mails your next answer belongs.
export-about-message = A message or a mail: its names, its time and at most its first words.
export-about-seen = The mark of a mail that was handled, or of something that was told to you, so that it is not done twice.
export-about-announced = What contacts on other gateways were last told of your status.
export-about-avatar = The picture of a contact.
forget-me-sure = This deletes all that this gateway has stored about you: your contacts and what you chose, what it remembers of your messages, mails and files that it keeps, and your mails that still wait to be sent. It cannot be undone. If you want that, write: forget me yes
forget-me-kept = Nothing is deleted. All stays as it was.
forget-me-nothing = Nothing was stored about you.
forget-me-done = All that this gateway had stored about you is deleted. Contacts: { $contacts }; messages: { $messages }; conversations: { $threads }; choices: { $options }; marks of mails that were handled: { $marks }; mails and files that were kept: { $kept }; mails that waited to be sent: { $waiting }.
forget-me-under-way = Not deleted, since they are on their way at this moment: { $count }.
forget-me-left = Mails that were delivered are where they were delivered, and your own are in your chat program and on its server; the log of the gateway may still name you for a while. If you use the gateway again, it begins anew.
word-all = all
word-yes = yes
word-no = no
yes-alone = “{ $typed }” alone does nothing: the gateway remembers no question. If you were asked whether all that is stored about you is to be deleted, and want that, write: { $command }
no-alone = Nothing was done: the gateway remembers no question, and waits for no answer.

admin-nothing-waits = Nothing waits to be sent, and nothing is in quarantine.
admin-no-pair = No pair is saved; the rules of the configuration hold.
admin-no-format = No format is saved or learned; those of the configuration hold.
admin-done = Done.

### Commands: their title, the words that ask for them (separated by commas), an example, and what it does
# The words of English are understood in every language, beside its own. What a command takes is written as in English:
# “set quotes keep”.

write-title = Write to a mail address
write-words = write, write to, mail, mail to, chat, chat with, email, email to, e-mail, e-mail to, send mail to, send a mail to, send email to, send an email to, send to, message to, new message to, new mail to
# The same where nothing but an address may follow, and its conversation is opened.
open-words = add, invite, new contact
# With what goes on a sentence that began with whom to write to: “mail carol@mail.example about it”.
sentence-words = about, that, if, whether, because, regarding, concerning, for, to
# What joins names, or sentences.
and-words = and
write-example = carol@mail.example Hello!
write-help = writes to this address; without a text, or by “add carol@mail.example”, it only opens the conversation
write-ask = To whom do you want to write? You get the chat address by which you reach this person.
write-title-text = Your first message
write-ask-text = What do you want to say? You may leave this empty and write in the conversation.

my-address-title = My mail address
my-address-words = my address, address, whoami, who am i, what is my address, what's my address, what is my mail address, my mail address
my-address-example = my address
my-address-help = says by which mail address others reach you

my-name-title = My name in mails
my-name-words = my name is, my name, call me
my-name-example = my name is Alice Liddell
my-name-help = sets the name in your mails; “my name is default” takes it back
my-name-ask = How do you want to be called in your mails?

contacts-title = My mail contacts
contacts-words = contacts, my contacts, list, show contacts, show my contacts, list contacts, list my contacts
contacts-example = contacts
contacts-help = lists the mail addresses that you have to do with

remove-title = Remove a mail contact
remove-words = remove, forget, delete
remove-example = remove carol@mail.example
remove-help = forgets a contact, and what you chose for it
remove-ask = Which of your contacts is to be forgotten?

original-title = The whole of a mail
original-words = original, show original, whole mail
original-example = original carol@mail.example
original-help = shows all of the last mail from this address, with what it quotes
original-ask = Of whom do you want to see the last mail with all that it quotes?

revoke-title = Make links dead
revoke-words = revoke, revoke links, revoke link
revoke-example = revoke carol@mail.example
revoke-help = makes dead the link to the whole of the last mail from this address, and those to its files; a link behind it makes dead that link; “all”, all of yours
revoke-ask = Enter the link of a mail or a file; or a mail address, for the last mail from there; or “all”, for all your links.

requests-title = Who waits to be accepted
requests-words = requests, contact requests, strangers
requests-example = requests
requests-help = lists people who would like to write to you

accept-title = Accept somebody who waits
accept-words = accept
accept-example = accept eve@mail.example
accept-help = shows you what this address wrote, and writes from now on
accept-ask = Whose mails do you want to see?

refuse-title = Refuse somebody who waits
refuse-words = refuse, reject
refuse-example = refuse eve@mail.example
refuse-help = shows you nothing of this address; nobody is told
refuse-ask = Whose mails do you not want to see?

block-title = Block a mail address
block-words = block
block-example = block eve@mail.example
block-help = shows you no mail of this address any more; nobody is told, but by “block spam eve@mail.example” whoever runs the gateway is
block-ask = Whose mails do you not want to see any more? Nobody is told.

unblock-title = Unblock a mail address
unblock-words = unblock
unblock-example = unblock eve@mail.example
unblock-help = shows you its mails again
unblock-ask = Whose mails do you want to see again?

waiting-title = My mails that wait
waiting-words = waiting, what waits, my waiting mails, outbox, how many mails wait, how many wait, show waiting
waiting-example = waiting
waiting-help = lists those of your mails that have not left yet, and why

cancel-title = Take a waiting mail back
cancel-words = cancel, take back
cancel-example = cancel 3fa91c
cancel-help = takes back a mail that still waits; “waiting” says its name
cancel-ask = Which of your mails is not to leave?

send-now-title = Try a waiting mail now
send-now-words = send now
send-now-example = send now 3fa91c
send-now-help = tries a mail that waits at once
send-now-ask = Which of your mails is to be tried at once?

where-title = What became of my last message
where-words = where, where is my message to, what became of
where-example = where carol@mail.example
where-help = says what became of your last message to this address
where-ask = To whom did you write?

away-title = Answer that I am away
away-words = away, i am away, away reply, out of office, vacation, pause, i'm away, i am on holiday, i'm on holiday, i am on vacation, i'm on vacation
away-example = away until 2026-12-24 I am in the mountains
away-help = answers people who write to you by mail with your words; without a day until you write “back”; “away from tomorrow until friday” begins tomorrow; with “set away-on-xa on” your status does the same
away-ask = Who writes to you by mail gets one answer in 7 days at most. Until when, and what does it say?

back-title = I am here again
back-words = back, i am back, resume, i'm back
back-example = back
back-help = ends what “away” began

options-title = Show my options
options-words = options, my options, settings, preferences
options-example = options
options-help = shows how mails are shown to you, and what else you can choose
options-ask = What holds for all contacts, or for one of them?

set-title = Change an option
set-words = set
set-example = set quotes keep carol@mail.example
set-help = changes an option for one contact; without an address for all; “default” takes it back; “set language de” changes the language
set-ask = What do you want to be otherwise, and for whom?

export-title = Get all that is stored about me
export-words = export, export my data, my data
export-example = export
export-help = gives you all that the gateway has stored about you

forget-me-title = Delete all that is stored about me
forget-me-words = forget me, delete my data, delete me, delete my account
forget-me-example = forget me
forget-me-help = deletes all that the gateway has stored about you, after asking once more
forget-me-ask = All that this gateway has stored about you is deleted, and your mails that still wait are not sent. It cannot be undone. Do you want that?

help-title = Help
help-words = help, ?, commands, hilfe, aide, ayuda, помощь
help-example = help
help-help = shows this

## Those of administrators

status-title = Admin: status
status-words = status
status-example = status
status-help = says how the gateway is

queue-list-title = Admin: mails that wait, of all
queue-list-words = queue list, queue
queue-list-example = queue list
queue-list-help = lists what waits, of all users, and what is in quarantine

queue-show-title = Admin: one that waits
queue-show-words = queue show
queue-show-example = queue show ID
queue-show-help = shows what is known of it, with the header of the mail
queue-show-form = One that waits
queue-show-ask = Which one? “queue list” shows their names in its first column.

queue-retry-title = Admin: try mails now
queue-retry-words = queue retry
queue-retry-example = queue retry ID
queue-retry-help = tries it now; without an ID all that wait
queue-retry-form = Try mails now
queue-retry-ask = Which one? Leave it empty for all.

queue-drop-title = Admin: drop a mail
queue-drop-words = queue drop
queue-drop-example = queue drop ID
queue-drop-help = takes it out; its sender gets an error, or not with “queue drop ID silent”
queue-drop-form = Drop a mail
queue-drop-ask = Which one? Its sender gets an error, unless you write “silent”.

map-list-title = Admin: all pairs
map-list-words = map list
map-list-example = map list
map-list-help = lists the pairs of JIDs and mail addresses

map-find-title = Admin: find a pair
map-find-words = map find
map-find-example = map find alice@a.example
map-find-help = shows the pair of a JID or an address
map-find-form = Find a pair
map-find-ask = Whose?

map-add-title = Admin: save a pair
map-add-words = map add
map-add-example = map add alice@a.example alice@mail.example Alice
map-add-help = saves a pair, with a name or without
map-add-form = Save a pair
map-add-ask = This mail address stands for this JID.

map-remove-title = Admin: forget a pair
map-remove-words = map remove
map-remove-example = map remove alice@a.example
map-remove-help = forgets the pair of a JID or an address
map-remove-form = Forget a pair
map-remove-ask = Whose?

peer-list-title = Admin: all formats
peer-list-words = peer list
peer-list-example = peer list
peer-list-help = lists how mails to addresses and domains are written

peer-set-title = Admin: set a format
peer-set-words = peer set
peer-set-example = peer set chat.b.example xmpp
peer-set-help = says how mails to an address or a domain are written: mail, chat or xmpp; “peer remove” takes it back
peer-set-form = Set a format
peer-set-ask = How are mails to this address or domain written?

peer-remove-title = Admin: forget a format
peer-remove-words = peer remove
peer-remove-example = peer remove chat.b.example
peer-remove-help = forgets a format
peer-remove-form = Forget a format
peer-remove-ask = Whose?

users-list-title = Admin: users of whom something is stored
users-list-words = users list, users
users-list-example = users list
users-list-help = lists users, how many contacts each has, and the day of the last message

users-show-title = Admin: how much is stored about a user
users-show-words = users show
users-show-example = users show alice@a.example
users-show-help = says how much is stored about a user, and nothing of what was written
users-show-form = How much is stored about a user
users-show-ask = Of whom?

users-forget-title = Admin: forget a user
users-forget-words = users forget
users-forget-example = users forget alice@a.example
users-forget-help = deletes all that is stored about a user, at once
users-forget-form = Forget a user
users-forget-ask = Of whom is all to be deleted? It is done at once, and cannot be undone.

announce-title = Admin: tell all users something
announce-words = announce
announce-example = announce Tonight from 9 to 10 no mail goes through.
announce-help = tells it to every user of whom something is stored; repeated within a day, to those who were not told
announce-form = Tell all users something
announce-ask = What is every user of this gateway to be told?

reload-title = Admin: read the configuration again
reload-words = reload
reload-example = reload
reload-help = has the configuration read again

log-level-title = Admin: log level
log-level-words = log level
log-level-example = log level debug
log-level-help = changes how much is logged, until “reload” reads the configuration again
log-level-form = Log level
log-level-ask = How much is to be logged, until the configuration is read again?

where-of-title = Admin: what became of a user's last message
where-of-words = where of
where-of-example = where of alice@a.example carol@mail.example
where-of-help = says what became of the last message of a user to an address
where-of-form = What became of a user's last message
where-of-ask = Whose message, and to whom?

## Fields and columns

label-mail-address = Mail address
label-message = Message
label-your-name = Your name
label-name = Name
label-chat-address = Chat address
label-reached = Reached
label-trouble = Trouble
label-verified = Verified
label-last-message = Last message
label-which-mail = Which mail
label-short-name = Name
label-who = Who
label-mails = Mails
label-to = To
label-text = Text
label-last-day = Last day, like 2026-12-24
label-away-text = What the answer says
label-announcement = What it says
label-since = Since
label-next-attempt = Next attempt
label-why = Why
label-one-contact = Mail address of one contact (empty: all contacts)
label-option = Option
label-value = Value
label-meaning = What it means
label-whose = Who chose it
label-choose = What else there is
label-mail-address-or-name = Mail address or name
label-link-or-address = Link or mail address
label-link = Link
label-report-spam = Is it spam?
label-sure = Delete all?
label-id = ID
label-silent = “silent”, or empty
label-jid-or-mail-address = JID or mail address
label-jid = JID
label-jid-of-user = JID of the user
label-mail-address-or-domain = Mail address or domain
label-format = mail, chat or xmpp
label-log-level = error, warn, info, debug or trace
