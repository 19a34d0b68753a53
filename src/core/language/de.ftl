# Deutsch. Wer hier etwas ändert: Benutzer werden geduzt; was in einem Argument steht, kann von Fremden stammen und steht, wie es ist.

language = Deutsch
# As users of any language may call it.
language-called = deutsch, german, allemand, alemán, немецкий

### Was ein Mailserver gesagt hat

no-reason = der Mailserver hat keinen Grund genannt
dropped = die Administration des E-Mail-Gateways hat sie verworfen
not-reached = der Mailserver war nicht erreichbar

## Mails des Benutzers

refused = { $certain ->
        [yes] Die Nachricht an { $mail } wurde nicht zugestellt: { $why }
       *[no] Die Nachricht an { $mail } wurde möglicherweise nicht zugestellt: { $why }
    }
expired = { $certain ->
        [yes] Die Nachricht an { $mail } wurde nicht zugestellt
       *[no] Die Nachricht an { $mail } wurde möglicherweise nicht zugestellt
    }: { $days ->
        [one] einen Tag
       *[other] { $days } Tage
    } lang ohne Erfolg versucht; die letzte Antwort war: { $why }
undelivered = Nicht zugestellt: { $reason }.
    { $why }
undelivered-excerpt = Nicht zugestellt: { $excerpt } – { $reason }.
    { $why }
undelivered-no-address = diese Adresse gibt es nicht
undelivered-mailbox-full = das Postfach ist voll
undelivered-too-big = sie ist zu groß
undelivered-not-allowed = der Mailserver lässt es nicht zu
undelivered-too-long = der Mailserver war zu lange nicht erreichbar
undelivered-other = der Mailserver hat sie nicht angenommen
forwarded-not-delivered = Die Nachricht an { $mail } wurde an { $other } weitergeleitet und nicht zugestellt: { $why }
late = Die Nachricht an { $mail } ist noch unterwegs: { $why } Der Mailserver versucht es weiter; du musst nichts tun.
delayed = Die Nachricht an { $mail } wartet seit { $hours ->
        [one] einer Stunde
       *[other] { $hours } Stunden
    }: { $why } Das Gateway versucht es weiter; du musst nichts tun.
one-of-its-recipients = einen der Empfänger
failed-before = Die Nachricht an { $mail } wurde nicht zugestellt, wie schon gemeldet; schreib sie neu, um es noch einmal zu versuchen.

status-available = per E-Mail
status-trouble = Mail kommt nicht durch: { $why }

## An den Absender einer Mail, die der XMPP-Server nicht annimmt

returned = Deine Mail an { $mail } wurde nicht zugestellt: { $why } (XMPP: { $condition }).
returned-said = Die Antwort war: { $words }
returned-footer = Diese Meldung kommt vom E-Mail-Gateway eines Chat-Dienstes. Du bekommst höchstens eine pro Stunde.
returned-subject = Unzustellbare Mail
returned-from = Mail-Zustellung
returned-no-user = diesen Benutzer gibt es nicht
returned-no-user-or-away = diesen Benutzer gibt es nicht, oder er ist gerade nicht erreichbar und für ihn wird nichts aufbewahrt
returned-moved = der Benutzer ist umgezogen
returned-away = der Benutzer ist gerade nicht erreichbar
returned-no-room = für diesen Benutzer ist kein Platz für weitere Nachrichten
returned-no-server = der Server des Benutzers ist nicht zu finden
returned-silent-server = der Server des Benutzers antwortet nicht
returned-not-allowed = der Benutzer oder sein Server lässt es nicht zu
returned-other = der Server des Benutzers hat sie nicht angenommen

## Mails, die gezeigt werden oder nicht

in-quotes = „{ $text }“

whole-mail = Die ganze Mail: { $url }
rest-too-long = [Der Rest ist zu lang für eine Nachricht.]
cut = { $kept ->
        [mailbox] [Der Text geht weiter; die ganze Mail hat { $size } und liegt im Postfach.]
        [here] [Der Text geht weiter; die ganze Mail hat { $size }.]
       *[nowhere] [Der Text geht weiter; die ganze Mail hat { $size } und wird nicht aufbewahrt.]
    }
too-large = [Diese Mail hat { $size }, mehr als die { $max }, die das Gateway liest. Sie liegt im Postfach.]
empty-mail = [leere Mail]
unverified = [Absender nicht überprüft. Das steht hier einmal am Tag.]
first-mail = [{ $who } schreibt dir zum ersten Mal.]
first-bulk-mail = [{ $who } schreibt an viele und dir zum ersten Mal.]
unverified-answer = [Es ließ sich nicht überprüfen, ob das von { $mail } ist, deshalb bleibt deine Kontaktanfrage offen. Wenn du weißt, dass es so ist, nimm die Anfrage von { $mail } an oder schreib dem Gateway: annehmen { $mail }]
stranger-asks = { $who } möchte dir schreiben. Um es zu lesen, nimm die Kontaktanfrage an oder schreib hier: annehmen { $mail }
    Um nichts davon zu sehen: ablehnen { $mail }
stranger-asks-saying = { $who } möchte dir schreiben: { $preview }. Um es zu lesen, nimm die Kontaktanfrage an oder schreib hier: annehmen { $mail }
    Um nichts davon zu sehen: ablehnen { $mail }
status-stranger-asks = { $mail } möchte dir schreiben
status-stranger-asks-saying = { $mail } möchte dir schreiben: { $preview }
# Behind each of the four.
unverified-stranger = Es ließ sich nicht überprüfen, ob das von { $mail } ist.
status-unverified-answer = Jemand hat als { $mail } geantwortet, und es ließ sich nicht überprüfen.
strangers-wait = Es ist Mail von jemandem gekommen, mit dem du noch nichts zu tun hattest, und sie wartet. Um zu sehen, wer wartet, schreib hier: anfragen
more-attachments = { $kept ->
        [mailbox] [und { $count } weitere; sie liegen im Postfach]
       *[nowhere] [und { $count } weitere]
    }
lies-in-mailbox = sie liegt im Postfach
lies-here = sie liegt in der ganzen Mail
lies-nowhere = sie wird nicht aufbewahrt
not-hosted-over = der Server nimmt keine Datei über { $max } an; { $lies }
not-hosted-too-big = zu groß für den Server; { $lies }
not-hosted-refused = der Server nimmt sie nicht an ({ $words }); { $lies }
not-hosted-silent = der Server hat nicht geantwortet; { $lies }
not-hosted-limit = mehr Dateien, als an einem Tag kommen dürfen; { $lies }
not-hosted-per-mail = von einer Mail werden nur { $max } Dateien gezeigt; { $lies }
a-mail = Eine Mail
a-mail-from = Eine Mail von { $mail }
not-shown = { $kept ->
        [mailbox] { $what } konnte nicht angezeigt werden: Das E-Mail-Gateway ist daran gescheitert; das ist ein Fehler im Gateway. Sie liegt im Postfach.
       *[nowhere] { $what } konnte nicht angezeigt werden: Das E-Mail-Gateway ist daran gescheitert; das ist ein Fehler im Gateway. Sie ist für die Administration aufbewahrt.
    }
too-big = { $kept ->
        [mailbox] { $what } konnte nicht angezeigt werden: Sie ist zu groß für den XMPP-Server. Sie liegt im Postfach.
       *[nowhere] { $what } konnte nicht angezeigt werden: Sie ist zu groß für den XMPP-Server. Sie wurde abgewiesen.
    }
welcome = Willkommen! Hier chattest du mit Leuten, die E-Mail haben. Eine Mail an { $mail } kommt als Nachricht von dem an, der sie geschrieben hat; was du antwortest, bekommt er als Mail. Um jemand Neuem zu schreiben, sende hierher zum Beispiel: carol@mail.example Hallo! Mit „hilfe“ siehst du, was sonst noch geht.
mails-wait = Für dich kommen mehr Mails, als in einer Minute gezeigt werden ({ $limits }). Die übrigen warten und folgen.
mails-wait-from-one = { $count } von einem Absender
held-failed = { $kept ->
        [mailbox] Eine Mail, die angeblich von { $mail } ist, hat die Prüfung des Absenders nicht bestanden und liegt im Postfach.
       *[nowhere] Eine Mail, die angeblich von { $mail } ist, hat die Prüfung des Absenders nicht bestanden und wurde abgewiesen.
    }
held-unverified = { $kept ->
        [mailbox] Bei einer Mail, die angeblich von { $mail } ist, ließ sich der Absender nicht überprüfen; sie liegt im Postfach.
       *[nowhere] Bei einer Mail, die angeblich von { $mail } ist, ließ sich der Absender nicht überprüfen; sie wurde abgewiesen.
    }
held-unread = { $kept ->
        [mailbox] Eine Mail, die angeblich von { $mail } ist, ließ sich nicht überprüfen, weil ihr Kopf zu lang ist; sie liegt im Postfach.
       *[nowhere] Eine Mail, die angeblich von { $mail } ist, ließ sich nicht überprüfen, weil ihr Kopf zu lang ist; sie wurde abgewiesen.
    }
held-ask = Wenn du dieses Postfach nicht öffnen kannst, frag, wer das Gateway betreibt: { $who }
held-as-well = { $count ->
        [one] Seit der letzten Meldung kam noch eine Mail mit zweifelhaftem Absender; sie wird nicht angezeigt.
       *[other] Seit der letzten Meldung kamen noch { $count } Mails mit zweifelhaftem Absender; sie werden nicht angezeigt.
    }
nobody-to-be-read = einem unlesbaren Absender
unshowable-sender = [Eine Mail von { $mail }; diese Adresse kann keine Chat-Adresse (JID) sein, du kannst also von hier aus nicht antworten.]
nameless-sender = [Eine Mail, als deren Absender { $words } angegeben ist; das ist keine Adresse, du kannst nicht antworten.]
silent-sender = [Eine Mail, die keinen Absender nennt; du kannst nicht antworten.]
answer-goes-to = [Deine Antwort geht an { $mail }: Dort möchte dieser Absender Antworten bekommen.]
unanswerable = Die Adresse dieses Absenders kann keine Chat-Adresse (JID) sein, deshalb kannst du von hier aus nicht schreiben; antworte mit einem Mailprogramm.
nobody = Die Nachricht an { $mail } wurde nicht zugestellt: Die Adresse führt zu diesem Gateway, und einen Benutzer dieses Namens gibt es hier nicht. Prüfe die Adresse und schreib noch einmal.

recipients = An: { $names }
recipients-more = An: { $names } und { $more } weitere
you = dich

## Mails an Leute, die sie im Mailprogramm lesen

correction = Korrektur: { $text }
reaction = { $emoji } zu deiner Nachricht
reaction-to = { $emoji } zu { $excerpt }
reaction-taken-back = [hat eine Reaktion auf deine Nachricht zurückgenommen]
reaction-taken-back-of = [hat die Reaktion auf { $excerpt } zurückgenommen]
corrected = { $text }

    (Vorher stand da: { $excerpt })
you-quote = { $name } schrieb:
you-quote-yourself = Ich schrieb:
not-attached = Die Datei { $name } konnte nicht an die Mail angehängt werden: { $why }. Stattdessen enthält die Mail den Link.
too-big-to-attach = Anhänge dürfen höchstens { $max } haben
files-over-limit = das ist mehr, als an einem Tag erlaubt ist
file-as-link-big = [{ $name } ({ $size }) ist zu groß für diese Mail. Der Link oben führt dorthin, solange { $host } die Datei aufbewahrt.]
file-as-link-too-big = [{ $name } ist zu groß für diese Mail. Der Link oben führt dorthin, solange { $host } die Datei aufbewahrt.]
file-as-link = [{ $name } konnte nicht angehängt werden. Der Link oben führt dorthin, wenn { $host } die Datei noch hat.]

invitation-subject = { $name } möchte mit dir chatten
invitation-hello =
    Hallo,

    { $name } möchte mit dir chatten und schreibt aus einem Chat-Programm; du brauchst dafür nur dein Mailprogramm.
invitation-words = { $name } schreibt: { $words }
invitation-how =
    Wenn du einverstanden bist, antworte auf diese Mail. Was du schreibst, bekommt { $name } als Chat-Nachricht, und Nachrichten von { $name } bekommst du als Mails von { $mail }.

    Wenn du nicht möchtest, antworte nur mit dem Wort „nein“ oder tu gar nichts: Du wirst mindestens eine Woche lang nicht wieder gefragt.
invitation-by = Dies ist ein Dienst von { $organisation }.
invitation-accept = Annehmen
invitation-yes = Ja

away-subject = { $name } ist abwesend
away-text = { $name } ist gerade abwesend und liest deine Mail später.
away-by-program = [Hier antwortet ein Programm an Stelle von { $name }, höchstens einmal in 7 Tagen.]

subscribe-subject = { $name } möchte sehen, wann du online bist
subscribe-text = { $name } ({ $mail }) möchte sehen, wann du online bist.
subscribed-subject = { $name } zeigt dir den Online-Status
subscribed-text = { $name } ({ $mail }) lässt dich sehen, wer wann online ist.
unsubscribe-subject = { $name } folgt deinem Online-Status nicht mehr
unsubscribe-text = { $name } ({ $mail }) möchte nicht mehr sehen, wann du online bist.
unsubscribed-subject = { $name } zeigt dir den Online-Status nicht mehr
unsubscribed-text = { $name } ({ $mail }) lässt dich den eigenen Online-Status nicht sehen, oder nicht mehr.
presence-online = { $name } ist online
presence-away = { $name } ist abwesend
presence-xa = { $name } ist länger abwesend
presence-dnd = { $name } möchte nicht gestört werden
presence-offline = { $name } ist offline
for-gateways = Diese Mail geht von einem Chat-System an ein anderes (XMPP über E-Mail); du musst nichts tun.

without-text-received = { $name } hat deine Nachricht erhalten.
without-text-read = { $name } hat deine Nachricht gelesen.
without-text-reaction = { $name } hat auf eine Nachricht reagiert: { $emoji }
without-text-reaction-taken-back = { $name } hat eine Reaktion zurückgenommen.
without-text-retraction = { $name } hat eine Nachricht zurückgenommen.
without-text-other = { $name } hat etwas geschickt, das nur ein Chat-Programm anzeigen kann.

## Warum etwas nicht angenommen wird

outsider = Dieses E-Mail-Gateway ist nur für Benutzer von { $domains } da; bitte die Administration, dich zuzulassen.
outsider-certain = Dieses E-Mail-Gateway ist nur für bestimmte Benutzer da; bitte die Administration, dich zuzulassen.
no-address = { $error }. An carol@mail.example schreibst du unter carol\40mail.example@{ $gateway } oder carol%mail.example@{ $gateway }.
address-form = „{ $typed }“ hat nicht die Form name@domain
address-length = „{ $typed }“ ist zu lang für eine Mailadresse (höchstens 250 Oktette vor dem @, 255 dahinter)
address-local = „{ $typed }“ enthält ein Zeichen, das in einer Mailadresse nicht vor dem @ stehen kann
address-domain = „{ $typed }“ ist kein Domainname
no-chat-address = { $mail } kann keine Chat-Adresse sein ({ $error })
no-jid = „{ $typed }“ in der Liste der Empfänger ist keine JID ({ $error })
not-a-contact = Das ist das E-Mail-Gateway selbst. An carol@mail.example schreibst du unter carol\40mail.example@{ $gateway }.
user-has-no-mail = Für { $user } gibt es keine Mailadresse; bitte die Administration des E-Mail-Gateways, eine Regel oder ein Paar dafür anzulegen.
address-is-reserved = Die Mailadresse { $mail }, die nach den Regeln deine wäre, ist der Administration der Maildomain vorbehalten; bitte die Administration des E-Mail-Gateways um ein Paar mit einer anderen.
address-is-taken = Die Mailadresse { $mail }, die nach den Regeln deine wäre, gehört jemand anderem; frag die Administration des E-Mail-Gateways.
you-blocked = Du hast { $mail } blockiert und würdest die Antworten nicht sehen. Wenn du dorthin schreiben willst, sag dem E-Mail-Gateway zuerst: entsperre { $mail }
contact-denied = Die Administration des E-Mail-Gateways lässt keine Mails an { $mail } zu.
known-as = { $mail } ist schon dein Kontakt { $jid }; entferne zuerst den einen oder den anderen.
default-subject = Chat mit { $name }
chat-subject = Nachricht von { $name }
encrypts = [Diese Mail ist verschlüsselt, und dieses Gateway kann sie nicht lesen. Wenn das Programm von { $mail } nur verschlüsselte Mails annimmt, wie Delta Chat es ohne andere Einstellung tut, wird dort nicht angezeigt, was du schreibst: Bitte um eine andere Adresse oder darum, dort unverschlüsselte Mails zu erlauben.]
encrypted = Dieses Gateway kann Ende-zu-Ende-verschlüsselte Nachrichten nicht übertragen; schalte die Verschlüsselung für diesen Kontakt aus und sende noch einmal.
encrypted-file = Diese Datei ist für Chat-Programme verschlüsselt, und wer sie per Mail bekommt, könnte sie nicht öffnen; schalte die Verschlüsselung für diesen Kontakt aus und sende sie noch einmal.
body-too-long = Die Nachricht hat { $octets } Oktette, das Gateway nimmt höchstens { $max } an; sende sie in Teilen.
not-taken-back = [Diese Nachricht lässt sich nicht zurücknehmen: Sie ist schon als E-Mail verschickt (oder vielleicht schon).]
taken-back-in-time = [Diese Nachricht wurde zurückgenommen, bevor sie verschickt war: Niemand hat sie gesehen.]
not-yours = [Das ist keine Nachricht von dir, du kannst sie also nicht zurücknehmen.]
unknown-message = [Die Nachricht, die du zurücknehmen möchtest, ist hier nicht bekannt: Sie wurde nicht aus dieser Unterhaltung gesendet oder vor zu langer Zeit. Es wurde nichts zurückgenommen.]
reaction-has-left = [Deine Reaktion ist schon als E-Mail verschickt (oder vielleicht schon) und lässt sich nicht zurücknehmen.]
no-calls = [Diesen Kontakt erreichst du per E-Mail, du kannst ihn nicht anrufen; schreib stattdessen.]
no-rooms = Diesen Kontakt erreichst du per E-Mail, er kann keine Räume betreten; schick ihm stattdessen die Adresse des Raums.
no-attention = Diesen Kontakt erreichst du per E-Mail, er sieht nur Nachrichten; schreib stattdessen.
no-groupchat = Dieses Gateway überträgt keine Gruppenchat-Nachrichten; schreib stattdessen an einen Kontakt.
too-many-recipients = Die Nachricht hat { $count } Empfänger, das Gateway nimmt höchstens { $max }; sende sie an weniger.
sent-too-much = Du darfst pro Stunde { $count } Mails senden, jeder Empfänger zählt, und hast das ausgeschöpft. Die Nachricht wurde nicht gesendet; versuch es in { $again } wieder.
sent-too-much-to-one = Du darfst pro Stunde { $count } Mails an eine Adresse senden und hast das bei { $mail } ausgeschöpft. Die Nachricht wurde nicht gesendet; versuch es in { $again } wieder.
sent-too-much-by-all = Die Benutzer von { $domain } dürfen zusammen pro Stunde { $count } Mails senden, jeder Empfänger zählt, und haben das ausgeschöpft. Die Nachricht wurde nicht gesendet; versuch es in { $again } wieder oder frag die Administration des E-Mail-Gateways.
too-many-strangers = Du darfst pro Tag an { $count } neue Adressen schreiben und hast das ausgeschöpft. Es wurde nichts gesendet; versuch es in { $again } wieder oder frag die Administration des E-Mail-Gateways.
in-seconds = { $count ->
        [one] einer Sekunde
       *[other] { $count } Sekunden
    }
in-minutes = { $count ->
        [one] einer Minute
       *[other] { $count } Minuten
    }
in-hours = { $count ->
        [one] einer Stunde
       *[other] { $count } Stunden
    }
unanswered-requests = Das E-Mail-Gateway bekommt zu viele Anfragen von dir und beantwortet nicht alle; frag in einigen Sekunden noch einmal.
unwritable = { $error }. Die Nachricht wurde nicht gesendet.
unwritable-address = Die Adresse { $mail } kann nicht in einer Mail stehen
unwritable-other = Die Nachricht lässt sich nicht als Mail schreiben: { $why }
no-room = Das E-Mail-Gateway kann gerade keine Nachrichten annehmen (seine Festplatte ist voll oder gestört). Die Nachricht wurde nicht gesendet; versuch es später noch einmal.
failed = Daran ist das E-Mail-Gateway gescheitert; das ist ein Fehler im Gateway, und es wurde nichts gesendet. Es ist für die Administration aufbewahrt.
unknown-request = Diese Anfrage kennt das E-Mail-Gateway nicht.
no-answer-to-all = Das ist keine Antwort auf eine Mail an mehrere, oder auf eine an mehr Leute, als das Gateway anschreiben kann; schreib sie ohne /all. Die Nachricht wurde nicht gesendet.
nothing-for-all = Schreib hinter /all, was alle lesen sollen, die die Mail haben. Die Nachricht wurde nicht gesendet.
too-many-requests = Das Gateway verschickt pro Stunde höchstens { $max } Kontaktanfragen und Antworten darauf an einen Kontakt; versuch es später noch einmal.

## Die Seite einer Mail

page-without-subject = Mail ohne Betreff
page-until = Wer die Adresse dieser Seite hat, kann die Mail lesen, bis { $when }.
page-show-remote = Bilder aus dem Netz laden
page-remote-tells = (wer sie dort bereithält, erfährt, dass du die Mail liest)
page-hide-remote = Bilder aus dem Netz ausblenden
page-text-cut = Der Rest des Textes steht in der Datei.
page-more-files = Weitere Dateien sind in der Mail selbst, unten.
page-from = Von
page-to = An
page-cc = Kopie
page-date = Datum
page-and-more = und { $more } weitere
page-as-sent = Wie sie verschickt wurde
page-as-text = Als reiner Text
page-text = Text
page-files = Dateien
page-all-fields = Alle Kopfzeilen
page-as-file = Die Mail als Datei (.eml)

## Die Seite, auf der man eine Mailadresse eingibt und den Kontakt dazu bekommt

write-page-title = Per Chat an eine Mailadresse schreiben
write-page-about = Das Gateway { $gateway } verbindet Chat (XMPP) und E-Mail. Wer ein Konto auf einem Chat-Server hat, für den es da ist, schreibt von dort an alle, die eine Mailadresse haben: Deine Nachricht kommt als Mail an, und die Antwort darauf als Nachricht zurück. Gib die Adresse ein, und du bekommst den Kontakt für dein Chat-Programm.
write-page-show = Kontakt anzeigen
write-page-open = Im Chat-Programm schreiben
write-page-scan = Oder scanne das mit dem Telefon, auf dem du chattest:
write-page-code-of = QR-Code des Kontakts { $mail }
write-page-note = Es wurde nichts gesendet und nicht nachgesehen, ob es die Adresse gibt. Du kannst die Chat-Adresse auch als neuen Kontakt eingeben.
write-page-chats-here = { $mail } ist eine Adresse beim Chat-Server { $domain }. Schreib in deinem Chat-Programm direkt dorthin: Eine Mailadresse brauchst du dafür nicht.
write-page-also-mail = Nur wenn es auch eine Mailadresse ist und du diese meinst, nimm das hier:

## Wie eine Datei einer Mail heißt, vor ihrem Namen und ihrer Größe

small-pictures = [{ $count } kleine Bilder, { $size }]
file-calendar = Kalendereinladung
file-contact = Visitenkarte
file-page = Webseite
file-encrypted = verschlüsselte Nachricht
file-smime = S/MIME-Nachricht
file-openpgp-key = OpenPGP-Schlüssel
file-signature = Signatur
file-tnef = Outlook-Anhänge
file-partial = Teil einer Mail
file-mail = Mail
file-delivery-report = Zustellbericht
file-read-receipt = Lesebestätigung
file-header = Kopfzeilen der Mail
file-chat-message = Chatnachricht
file-pdf = PDF
file-archive = Archiv
file-image = Bild
file-audio = Ton
file-video = Video
file-text = Text
file-message = Nachricht
file-other = Datei

## Termine und Aufgaben: was es ist, dann Titel, wann, wie oft, wo

meeting-invitation = Einladung
meeting-cancelled = abgesagt
meeting-accepted = zugesagt
meeting-declined = abgelehnt
meeting-tentative = mit Vorbehalt zugesagt
meeting-delegated = an jemand anderen weitergegeben
meeting-answer = Antwort auf eine Einladung
meeting-counter = eine andere Zeit wird vorgeschlagen
meeting-counter-declined = die vorgeschlagene Zeit ist abgelehnt
meeting-refresh = bittet um den neuesten Stand
meeting-task = Aufgabe
meeting-event = Termin
meeting-untitled = ohne Titel
meeting-more = und { $more ->
        [one] 1 weiterer Eintrag
       *[other] { $more } weitere Einträge
    }
meeting-daily = täglich wiederholt
meeting-weekly = wöchentlich wiederholt
meeting-monthly = monatlich wiederholt
meeting-yearly = jährlich wiederholt
meeting-repeated = wiederholt
day = { $weekday }, { $day }. { $month } { $year }
weekdays = Mo Di Mi Do Fr Sa So
months = Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.

## Kleine Wörter

size-bytes = { $count } Byte
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-megabytes-tenths = { $count },{ $tenths } MB

### Was man das Gateway selbst fragt

helper-name = E-Mail-Helfer
gateway-name = E-Mail-Gateway
gateway-status = E-Mail-Gateway
gateway-short-name = E-Mail
forwarded = Weitergeleitete Nachricht:
forwarded-from = Weitergeleitete Nachricht von { $from }:
forwarded-at = Weitergeleitete Nachricht vom { $stamp }:
forwarded-from-at = Weitergeleitete Nachricht von { $from } vom { $stamp }:
room-invitation = Einladung in den Chatraum { $room }
room-password = Passwort: { $password }
spoiler = Spoiler
data-policy = Aus Nachrichten werden Mails, die dieses Gateway und die Mailserver auf ihrem Weg lesen können. Von jeder Nachricht bleiben so lange ihr Name, ihre Zeit und ihre ersten Wörter; auch Mails und Dateien, die nicht ganz gezeigt werden, können aufbewahrt werden. Kontakte und was du gewählt hast bleiben, bis du sie entfernst. „exportieren“ gibt dir alles, „vergiss mich“ löscht es.
data-policy-of-mail = Mail ist nicht Ende zu Ende verschlüsselt und zwischen Mailservern vielleicht gar nicht. Wer eine Mail bekommt und dessen Mailserver bewahren sie auf, wie sie wollen.
gateway-description = Verbindet diesen Server mit E-Mail: An carol@mail.example schreibst du wie an jeden anderen Kontakt.
gateway-prompt = Gib die Mailadresse der Person ein, mit der du chatten möchtest, zum Beispiel carol@mail.example.

help-before = Das ist das E-Mail-Gateway. Du schreibst Leuten an ihre Mailadresse:
help-after = In einer Unterhaltung geht eine Antwort, die mit /all beginnt, an alle, die die Mail haben; { $originals ->
        [yes] /original allein zeigt die letzte Mail vollständig, und /help allein
       *[no] /help allein
    } zeigt dies. Ein Befehl hinter einem Schrägstrich wird nie gesendet; alles andere geht an dein Gegenüber.
help-write-page = Die Chat-Adresse zu jeder Mailadresse, mit Link und Code für das Telefon: { $link }

no-changes = Was du dem Gateway gesagt hast, ist getan und lässt sich hier nicht korrigieren oder zurücknehmen. Schreib eine neue Nachricht.
not-understood = „{ $typed }“ ist hier kein Befehl. Es wurde niemandem etwas gesendet.
    So schreibst du jemandem: carol@mail.example Hallo! „hilfe“ zeigt alles.
to-write-to = „{ $typed }“ ist hier kein Befehl. Es wurde niemandem etwas gesendet. Um { $mail } zu schreiben, sende: { $mail } dein Text
greeting-words = hallo, hi, guten tag, guten morgen, guten abend, moin, servus, hallo zusammen
greeting = Hallo! Hier ist das E-Mail-Gateway. So schreibst du jemandem: carol@mail.example Hallo! „hilfe“ zeigt alles.
thanks-words = danke, danke schön, dankeschön, danke dir, vielen dank, besten dank
thanks = Gern geschehen.
did-you-mean = „{ $typed }“ ist hier kein Befehl. Es wurde niemandem etwas gesendet. Meintest du „{ $command }“? „hilfe“ zeigt, was es gibt.
several-addresses = Schreib immer nur an eine Adresse: Es wurde niemandem etwas gesendet.
is-it = „{ $typed }“ ist keine Mailadresse. Meintest du { $mail }? Dann sende: { $example }
for-the-gateway = [„{ $typed }“ ist ein Befehl für das Gateway und wurde { $mail } nicht gesendet. Schreib ihn an { $helper }:
    { $link }
    Um ihn { $mail } als Text zu senden, setze ein Leerzeichen vor den Schrägstrich.]
slash-slip = [„{ $typed }“ wurde { $mail } nicht gesendet. Meintest du den Befehl „{ $command }“? Schreib ihn an { $helper }:
    { $link }
    Um die Zeile { $mail } als Text zu senden, setze ein Leerzeichen vor den Schrägstrich.]
lacks-value = { $option } kann { $values } oder default sein. Schreib zum Beispiel: { $example }
lacks = { $label }? Schreib zum Beispiel: { $example }
required = „{ $label }“ fehlt noch.
session-done = Dieses Formular wurde schon abgeschickt, und was darin steht, ist erledigt. Fang von vorn an, wenn du es noch einmal willst.
session-over = Dieses Formular ist zu alt; fang noch einmal an.
session-unknown = Dieses Formular hast du nicht von diesem Befehl bekommen; fang noch einmal an.
action-unknown = Dieser Befehl kennt execute, next, prev, complete und cancel.

opened = Was du in der Unterhaltung mit { $mail } schreibst, geht als Mail dorthin, und Antworten kommen als Nachrichten. Hier ist sie:
written = Deine Nachricht geht als Mail an { $mail }. Hier ist die Unterhaltung:
begins = [Was du hier schreibst, geht als Mail an { $mail }. Antworten kommen hier an.]
begins-with = [Du hast { $mail } geschrieben: „{ $text }“ Auch was du hier schreibst, geht als Mail dorthin. Antworten kommen hier an.]
is-user = { $mail } gehört zu diesem Chat-Server, dafür braucht es keine Mail. Wenn es das Konto gibt, schreib hier:
chats-here = { $mail } gehört zu diesem Chat-Server. Wenn das auch eine Mailadresse ist, schreib an { $contact }. Sonst, wenn es das Konto gibt, schreib hier:
is-yourself = { $mail } ist deine eigene Adresse: Mails dorthin kommen als Nachrichten zu dir.
cannot-be-contact = { $mail } kann kein Kontakt sein: Mit der Domain des Gateways ist es zu lang für eine Chat-Adresse.
own-address = Deine Mailadresse ist { $mail }. Mails dorthin kommen als Nachrichten zu dir, und deine Nachrichten an Mailadressen kommen von ihr.
own-name = Deine Mails sind ab jetzt von { $name } <{ $mail }>.
own-name-taken-back = In deinen Mails heißt du wieder so, wie dein Chat-Programm oder dieses Gateway dich nennt.
no-name = „{ $typed }“ kann nicht dein Name sein: Darin steht die Adresse von jemand anderem.
no-name-unseen = Das kann nicht dein Name sein: Man würde nichts davon sehen.
no-name-but-sentence = „{ $typed }“ liest sich wie ein Satz; es wurde nichts geändert. Schreib deinen Namen allein, zum Beispiel: { $example }

no-contacts = Du hast noch keine Mailkontakte. Schreib jemandem: carol@mail.example Hallo!
contacts-all = { $count ->
        [one] Du hast einen Mailkontakt.
       *[other] Du hast { $count } Mailkontakte.
    }
contacts-shown = { $cut ->
        [yes] Du hast mehr als { $all } Mailkontakte; hier sind { $shown }, zuerst die, denen du geschrieben hast. Die übrigen findet die Suche deines Chat-Programms nach einem Teil von Name oder Adresse.
       *[no] Du hast { $all } Mailkontakte; hier sind { $shown }, zuerst die, denen du geschrieben hast. Die übrigen findet die Suche deines Chat-Programms nach einem Teil von Name oder Adresse.
    }
contacts-more-than = Du hast mehr als { $all } Mailkontakte.
last-message = letzte Nachricht { $moment }
tomorrow-at = morgen um { $time } UTC
today-at = heute um { $time } UTC
yesterday-at = gestern um { $time } UTC
weekday-at = am { $weekday ->
        [1] Montag
        [2] Dienstag
        [3] Mittwoch
        [4] Donnerstag
        [5] Freitag
        [6] Samstag
       *[7] Sonntag
    } um { $time } UTC
day-at = am { $day }. { $month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[12] Dezember
    } { $year }
reached-by-gateway = über das eigene Gateway
reached-by-mail = per Mail
contact-trouble = Mail kommt nicht durch (das begann { $moment }): { $why }
verified = bestätigt
blocked = blockiert
removed = { $mail } ist hier vergessen. Wenn dein Chat-Programm den Kontakt noch zeigt, entferne ihn dort; wer von dort schreibt, ist ab jetzt neu für dich.
removed-waits = { $count ->
        [one] Eine Mail von { $mail } wartet und ginge verloren.
       *[other] { $count } Mails von { $mail } warten und gingen verloren.
    } Schreib zuerst: annehmen { $mail } oder: ablehnen { $mail }
blocked-stays = { $mail } ist blockiert und würde wieder angezeigt; schreib zuerst: entsperre { $mail }
removed-by-client = { $mail } hat ein eigenes Gateway, das davon erfahren muss: Entferne den Kontakt in deinem Chat-Programm.
unknown-contact = { $mail } ist keiner deiner Kontakte.

spam-words = spam, werbung, müll
report-spam = ja, sag es dem, der dieses Gateway betreibt
spam-reported = Wer dieses Gateway betreibt, erfährt, dass { $mail } Spam schickt.
spam-reported-already = Du hast { $mail } schon gemeldet: Wer dieses Gateway betreibt, weiß davon.
spam-told = { $user } hat { $mail } blockiert und meldet Spam. Mehr steht im Protokoll; für alle abweisen kann den Absender der Mailserver.
is-blocked = Mails von { $mail } werden dir nicht mehr angezeigt. Um sie wieder zu sehen: entsperre { $mail }
is-blocked-already = Mails von { $mail } werden dir ohnehin nicht angezeigt. Um sie wieder zu sehen: entsperre { $mail }
is-unblocked = Mails von { $mail } werden dir wieder angezeigt. Was inzwischen kam, bleibt verborgen.
was-not-blocked = { $mail } ist nicht blockiert.
not-blocked-here = { $mail } ist jemand auf diesem Server: Blockiere diese Person in deinem Chat-Programm, wie alle dort.
no-mail-of = { $mail } gehört zu diesem Chat-Server, von dort kommt keine Mail.

options-of-contact = So werden dir Mails von { $mail } angezeigt:
options-of-blocked = { $mail } ist blockiert: Mails von dort werden dir nicht angezeigt. Um sie wieder zu sehen: entsperre { $mail }
options-of-all = So werden dir Mails angezeigt („optionen carol@mail.example“ zeigt, was du für einen Kontakt gewählt hast):
chosen-for-contact = von dir für diesen Kontakt gewählt
chosen-by-user = von dir gewählt
chosen-by-client = Sprache deines Chat-Programms
chosen-by-gateway = Vorgabe des Gateways
option-set = Ab jetzt gilt: { $about } { $meaning }.
option-set-for = Ab jetzt gilt für { $mail }: { $about } { $meaning }.
option-means = { $about } { $meaning }
option-taken-back = Deine Wahl ist zurückgenommen, es gilt wieder die Vorgabe des Gateways: { $about } { $meaning }.
option-taken-back-client = Deine Wahl ist zurückgenommen, es gilt wieder die Sprache deines Chat-Programms: { $about } { $meaning }.
option-taken-back-for = Deine Wahl für { $mail } ist zurückgenommen, es gilt wieder dasselbe wie für alle deine Kontakte: { $about } { $meaning }.
no-option = „{ $typed }“ ist keine Option; es gibt { $names }. Schreib zum Beispiel: setze quotes keep
no-value = „{ $typed }“ ist kein Wert von { $option }; schreib { $values } oder default.
option-for-all-only = { $option } gilt für alle deine Kontakte; lass die Adresse weg.
alternatives = { $others } oder { $last }

option-quotes = zitierter Verlauf und Signaturen unter einer Antwort
option-quotes-cut = werden nicht angezeigt
option-quotes-keep = werden angezeigt
option-bulk = Mails von Mailinglisten und andere Massenmails
option-bulk-show = werden angezeigt wie alle anderen
option-bulk-headline = werden als Neuigkeiten angezeigt und nur, solange du online bist
option-bulk-drop = werden nicht angezeigt
option-gather = Nachrichten, die du in einem Zug schreibst,
option-gather-on = werden eine Mail
option-gather-off = werden einzeln verschickt
option-strangers = Mails von Leuten, mit denen du noch nichts zu tun hattest,
option-strangers-mark = werden angezeigt, und die erste sagt es dazu
option-strangers-show = werden angezeigt wie alle anderen
option-strangers-request = warten, bis du den Absender annimmst; dein Chat-Programm fragt dich
option-strangers-hold = warten, bis du mit „anfragen“ danach fragst
option-away-on-xa = die Worte deines Status „nicht verfügbar“ (länger abwesend)
option-away-on-xa-on = antworten denen, die dir mailen
option-away-on-xa-off = antworten niemandem
option-language = was dieses Gateway dir schreibt,
option-language-is = ist { $tag ->
        [en] Englisch
        [de] Deutsch
        [fr] Französisch
        [es] Spanisch
        [ru] Russisch
       *[other] { $name }
    }

found = E-Mail
found-more = Es gibt mehr als diese: Gib einen längeren Teil von Name oder Adresse ein
search-for = Gib eine Mailadresse ein, um ihr zu schreiben, oder einen Teil von Name oder Adresse eines deiner Mailkontakte.

no-mail-known = In deiner Unterhaltung ist keine Mail von { $mail } bekannt.
no-mails-kept = Dieses Gateway bewahrt keine vollständigen Mails auf.
mail-not-kept = Die letzte Mail von { $mail } wird hier nicht vollständig aufbewahrt.
mail-shown-whole = Die letzte Mail von { $mail } kam { $moment } und steht so in deiner Unterhaltung: Es wurde nichts weggelassen.
unverified-original = [Absender nicht überprüft.]
original-waits = { $mail } wartet darauf, dass du Mails von dort annimmst; vorher wird nichts davon angezeigt. Um sie zu lesen: annehmen { $mail }
    Um nichts davon zu sehen: ablehnen { $mail }
original-refused = Du hast { $mail } abgelehnt, deshalb wird nichts davon angezeigt. Wenn du es dir anders überlegst: annehmen { $mail }
revoke-done = { $all ->
        [yes] { $count ->
            [0] Du hattest keinen Link.
            [one] Dein Link ist ungültig: Wer ihn öffnet, findet nichts.
           *[other] Deine { $count } Links sind ungültig: Wer einen öffnet, findet nichts.
        }
       *[no] { $count ->
            [0] Das führt zu nichts von dir: Der Link ist abgelaufen oder widerrufen, oder es gab ihn nie.
            [one] Dieser Link ist ungültig: Wer ihn öffnet, findet nichts.
           *[other] { $count } Links sind ungültig: Wer einen öffnet, findet nichts.
        }
    }
revoke-last-none = Die letzte Mail von { $mail } hat keinen Link, oder er ist schon ungültig. Für ältere: „widerrufe“ mit dem Link, oder „widerrufe alle“ für alle deine Links.
revoke-failed = Niemand bekommt mehr zu sehen, wohin der Link führt, aber das Gateway konnte es nicht löschen. Versuch es noch einmal; wenn du das wieder liest, sag dem Bescheid, der dieses Gateway betreibt.

requests-none = Niemand wartet darauf, von dir angenommen zu werden.
requests-waiting = { $count ->
        [one] Eine Person möchte dir schreiben.
       *[other] { $count } Personen möchten dir schreiben.
    } { $full ->
        [yes] Von weiteren wird nichts aufbewahrt, bis du einige annimmst oder ablehnst. Um zu lesen,
       *[no] Um zu lesen,
    } was jemand geschrieben hat und noch schreibt: annehmen { $mail }. Um nichts davon zu sehen: ablehnen { $mail }
request-answered = eine Antwort an dich, die sich nicht überprüfen ließ
request-mails = { $count ->
        [one] eine Mail
       *[other] { $count } Mails
    }
request-mails-left = { $mails }, und { $count }, die hier nicht aufbewahrt werden
request-unverified = Absender nicht überprüft
request-accepted = Mails von { $mail } werden dir ab jetzt angezeigt.
request-shown = { $count ->
        [one] Was dir geschrieben wurde, steht in deiner Unterhaltung.
       *[other] Die { $count } aufbewahrten Mails stehen in deiner Unterhaltung.
    }
request-left = { $count ->
        [one] Eine weitere wurde hier nicht aufbewahrt.
       *[other] { $count } weitere wurden hier nicht aufbewahrt.
    }
request-missed = Was geschrieben wurde, solange du abgelehnt hattest, ist nicht aufbewahrt.
request-confirmed = { $mail } ist jetzt einer deiner Kontakte.
request-accepted-already = Mails von { $mail } werden dir ohnehin angezeigt.
request-refused = Mails von { $mail } werden dir nicht angezeigt, und niemand erfährt davon. Wenn du es dir anders überlegst: annehmen { $mail }
request-not-believed = Deine Kontaktanfrage an { $mail } bleibt offen, bis eine Antwort von { $mail } kommt, die sich überprüfen lässt.
request-unknown = { $mail } wartet nicht auf dich. Um dorthin zu schreiben, sende: { $mail } dein Text

way-none = Hier ist keine Nachricht an { $mail } bekannt.
way-no-user = „{ $typed }“ ist kein Benutzer dieses Gateways. Schreib zum Beispiel: where of alice@a.example carol@mail.example
way-last = Die letzte Nachricht an { $mail } wurde { $moment } angenommen:
way-last-saying = Die letzte Nachricht an { $mail }, { $excerpt }, wurde { $moment } angenommen:
way-server-said = Der Mailserver sagt: { $words }
way-last-attempt = Der letzte Versuch schlug fehl: { $words }
way-taken-back = Sie wurde zurückgenommen, bevor sie verschickt war.
way-taken = Der Mailserver hat sie angenommen.
way-left = Sie wartet hier nicht mehr; der Mailserver hat sie und hat seither nichts gemeldet.
way-late = Sie hat sich unterwegs verspätet.
way-delivered = Ein Mailserver meldet, dass sie bei { $mail } angekommen ist.
way-failed = Sie ist bei { $mail } nicht angekommen.
way-read = Sie wurde gelesen.
way-name = Ihre Message-ID ist { $id }.

nothing-waits = Nichts wartet: Von dir ist keine Mail mehr zu senden.
a-request = eine Einladung
excerpt = „{ $text }“{ $more ->
        [0] { "" }
        [one] { " " }und 1 weitere Zeile
       *[other] { " " }und { $more } weitere Zeilen
    }
mails-waiting = { $count ->
        [one] Eine deiner Mails wartet.
       *[other] { $count } deiner Mails warten.
    } Um eine zurückzunehmen, schreib zum Beispiel: nimm zurück { $example }. Um sie sofort zu versuchen: sende jetzt { $example }
mails-waiting-more = Mehr als { $count } deiner Mails warten; die ältesten davon stehen hier. Um eine zurückzunehmen, schreib zum Beispiel: nimm zurück { $example }. Um sie sofort zu versuchen: sende jetzt { $example }
people = { $first } und { $others ->
        [one] eine weitere Person
       *[other] { $others } weitere
    }
waiting-to = an { $people }
waiting-since = geschrieben { $moment }
not-tried = noch nicht versucht
tried-times = { $count ->
        [one] einmal versucht
       *[other] { $count }-mal versucht
    }
turn-comes = { $tried }, ist gleich dran
leaves-at = { $tried }, wird { $moment } verschickt
again-at = { $tried }, wieder { $moment }
under-way = gerade unterwegs
just-ended = der letzte Versuch ist eben zu Ende
taken-back = Deine Mail an { $people } ist zurückgenommen; sie wurde nicht verschickt.
taken-back-uncertain = Deine Mail an { $people } wird nicht weiter versucht. Ein früherer Versuch wurde ganz am Ende abgebrochen, sie kann also angekommen sein.
tried-now = Deine Mail an { $people } wird jetzt versucht, nach denen, die du vorher an dieselbe Adresse geschrieben hast.
unchanged-under-way = Deine Mail an { $people } ist gerade unterwegs: Es wurde nichts geändert. Frag noch einmal, wenn das vorbei ist.
unchanged-settling = Deine Mail an { $people } wurde eben zum letzten Mal versucht: Es wurde nichts geändert, und du erfährst, was daraus geworden ist.
unchanged-unreadable = Deine Mail an { $people } lässt sich gerade nicht lesen: Es wurde nichts geändert. Frag später noch einmal.
unchanged-gone = Deine Mail an { $people } wartet nicht mehr.
none-waits-called = Keine deiner wartenden Mails heißt „{ $typed }“. Schreib „was wartet“, um sie zu sehen.
several-wait-called = Mehrere deiner wartenden Mails heißen „{ $typed }…“: Schreib mehr von dem Namen.
busy = Das Gateway hat gerade zu viel zu tun, und es wurde nichts geändert. Frag gleich noch einmal.

until-words = bis, bis zum
until-articles = zum, dem, den, einschließlich, nächsten, kommenden
from-words = ab, von, vom, ab dem
to-words = -, –, —
now-words = sofort, jetzt
onward-words = an
weekday-words = montag, mo; dienstag, di; mittwoch, mi; donnerstag, do; freitag, fr; samstag, sonnabend, sa; sonntag, so
month-words = januar, jänner, jan; februar, feb; märz, mär; april, apr; mai; juni, jun; juli, jul; august, aug; september, sept, sep; oktober, okt; november, nov; dezember, dez
today-words = heute
tomorrow-words = morgen
next-week-words = nächste woche, in der nächsten woche, nächster woche, nächsten woche, zur nächsten woche, anfang nächster woche, kommende woche, kommender woche
for-words = für, noch
one-words = ein, eine, einen, einem, einer
day-words = tag, tage, tagen
week-words = woche, wochen
away-begun = Wer dir per Mail schreibt, bekommt ab jetzt die Antwort, dass du abwesend bist, höchstens einmal in 7 Tagen: Menschen, deren Adresse geprüft ist, und keine Listen. Wenn du wieder da bist, schreib: zurück
away-begun-until = Wer dir per Mail schreibt, bekommt bis { $day } die Antwort, dass du abwesend bist, höchstens einmal in 7 Tagen: Menschen, deren Adresse geprüft ist, und keine Listen. Wenn du früher wieder da bist, schreib: zurück
away-later = Wer dir per Mail schreibt, bekommt ab { $first } die Antwort, dass du abwesend bist, höchstens einmal in 7 Tagen: Menschen, deren Adresse geprüft ist, und keine Listen. { $before ->
        [status] Vorher entscheidet dein Status.
       *[nobody] Vorher bekommt sie niemand.
    } Um es abzusagen, oder wenn du wieder da bist, schreib: zurück
away-later-until = Wer dir per Mail schreibt, bekommt von { $first } bis { $day } die Antwort, dass du abwesend bist, höchstens einmal in 7 Tagen: Menschen, deren Adresse geprüft ist, und keine Listen. { $before ->
        [status] Vorher entscheidet dein Status.
       *[nobody] Vorher bekommt sie niemand.
    } Um es abzusagen oder früher zu beenden, schreib: zurück
away-says = In der Antwort steht: „{ $text }“
away-says-nothing = Mehr steht nicht in der Antwort; deine eigenen Worte können hinter dem Befehl stehen.
away-holds = Du bist abwesend: Wer dir per Mail schreibt, bekommt das als Antwort. „zurück“ beendet es.
away-holds-until = Du bist bis { $day } abwesend: Wer dir per Mail schreibt, bekommt das als Antwort. „zurück“ beendet es.
away-planned = Du bist ab { $first } abwesend: Wer dir dann per Mail schreibt, bekommt das als Antwort. „zurück“ sagt es ab.
away-planned-until = Du bist von { $first } bis { $day } abwesend: Wer dir dann per Mail schreibt, bekommt das als Antwort. „zurück“ sagt es ab.
away-by-status = Du bist abwesend, wie dein Status sagt: Wer dir mailt, bekommt ihn als Antwort, bis dein Status ein anderer ist.
away-asks-for-status = Das Gateway bittet darum, deinen Status zu sehen: Erlaube das in deinem Chat-Programm. Von da an antwortet der Status „nicht verfügbar“ (länger abwesend) mit deinen Worten, wenn dir jemand mailt.
away-unverified = Im Moment bekommt aber niemand eine Antwort: Dieses Gateway überprüft keine Absender und antwortet deshalb niemandem. Ändern kann das, wer es betreibt: [trust] in der Konfiguration.
away-unverified-ask = Im Moment bekommt aber niemand eine Antwort: Dieses Gateway überprüft keine Absender und antwortet deshalb niemandem. Ändern kann das, wer es betreibt ([trust] in der Konfiguration); frag hier: { $who }
away-waits-for-status = „away-on-xa“ ist an, aber das Gateway sieht deinen Status nicht: Nimm in deinem Chat-Programm die Kontaktanfrage von { $helper } an. Um noch einmal gefragt zu werden, schreib: setze away-on-xa on
away-status-refused = Das Gateway darf deinen Status nicht sehen. Deshalb antwortet dein Status niemandem, und „away-on-xa“ ist wieder aus. Um noch einmal gefragt zu werden, schreib: setze away-on-xa on
away-ended = Willkommen zurück. Niemand bekommt mehr die Antwort, dass du abwesend bist.
away-called-off = Es ist abgesagt: Niemand bekommt die Antwort, dass du abwesend bist.
away-not = Du warst nicht abwesend: Niemand bekommt eine automatische Antwort.
away-no-day = „{ $typed }“ ist kein Tag des kommenden Jahres. Schreib ihn so: abwesend bis 2026-12-24 Ich bin in den Bergen
away-no-first = „{ $typed }“ ist kein Tag des kommenden Jahres. Schreib es so: abwesend vom 2026-12-24 bis 2027-01-02 Ich bin in den Bergen
away-backwards = Der letzte Tag, { $day }, liegt vor dem ersten, { $first }. Schreib es so: abwesend vom 2026-12-24 bis 2027-01-02 Ich bin in den Bergen
away-too-long = Das sind mehr als { $max } Zeichen. Schreib weniger.

export-link = Alles, was dieses Gateway über dich gespeichert hat, steht in dieser Datei, die jeder lesen kann, der die Adresse hat, bis { $day }: { $link }
export-messages = { $count ->
    [one] Alles, was dieses Gateway über dich gespeichert hat, folgt in einer Nachricht.
   *[other] Alles, was dieses Gateway über dich gespeichert hat, folgt in { $count } Nachrichten.
}
export-cut = Es ist mehr, als hier Platz hat. Alles kann dir geben, wer dieses Gateway betreibt.
export-failed = Was über dich gespeichert ist, kann gerade nicht gelesen werden, oder für eine Datei ist kein Platz. Versuch es später noch einmal.
export-about-user = Wer du für dieses Gateway bist, und wann das geschrieben wurde. Zeiten sind Millisekunden seit 1970 oder Daten in UTC.
export-about-waiting = Eine Mail von dir, die noch nicht verschickt ist.
export-about-kept = Eine Mail oder Datei, die das Gateway für dich aufbewahrt, mit Link und Frist, oder wie viele es sind.
export-about-pair = Eine Mailadresse, die dir gehört oder für einen deiner Kontakte angelegt wurde.
export-about-options = Was du gewählt hast, für alle Kontakte oder für den genannten, und was das Gateway von deinem Status und deiner Visitenkarte gelesen hat.
export-about-contact = Jemand, mit dem du zu tun hast: was über diese Person bekannt ist und wer wessen Status sehen darf.
export-about-thread = Eine Unterhaltung per Mail: zu welchen Mails deine nächste Antwort gehört.
export-about-message = Eine Nachricht oder Mail: ihre Namen, ihre Zeit und höchstens ihre ersten Wörter.
export-about-seen = Das Merkzeichen einer erledigten Mail oder von etwas, das dir gesagt wurde, damit es nicht zweimal geschieht.
export-about-announced = Was Kontakten an anderen Gateways zuletzt über deinen Status gesagt wurde.
export-about-avatar = Das Bild eines Kontakts.
forget-me-sure = Damit wird alles gelöscht, was dieses Gateway über dich gespeichert hat: deine Kontakte und was du gewählt hast, was es über deine Nachrichten weiß, aufbewahrte Mails und Dateien und deine Mails, die noch warten. Das lässt sich nicht rückgängig machen. Wenn du das willst, schreib: vergiss mich ja
forget-me-kept = Es wurde nichts gelöscht. Alles bleibt, wie es war.
forget-me-nothing = Über dich war nichts gespeichert.
forget-me-done = Alles, was dieses Gateway über dich gespeichert hatte, ist gelöscht. Kontakte: { $contacts }; Nachrichten: { $messages }; Unterhaltungen: { $threads }; was du gewählt hast: { $options }; Merkzeichen erledigter Mails: { $marks }; aufbewahrte Mails und Dateien: { $kept }; wartende Mails: { $waiting }.
forget-me-under-way = Nicht gelöscht, weil sie gerade unterwegs sind: { $count }.
forget-me-left = Zugestellte Mails sind da, wo sie zugestellt wurden, und deine eigenen in deinem Chat-Programm und auf seinem Server; im Protokoll des Gateways kannst du noch eine Weile vorkommen. Wenn du das Gateway wieder benutzt, fängt es von vorn an.
word-all = alle
word-yes = ja
word-no = nein
yes-alone = „{ $typed }“ allein bewirkt nichts: Das Gateway merkt sich keine Frage. Wenn du gefragt wurdest, ob alles gelöscht werden soll, was über dich gespeichert ist, und das willst, schreib: { $command }
no-alone = Es ist nichts geschehen: Das Gateway merkt sich keine Frage und wartet auf keine Antwort.

admin-nothing-waits = Nichts wartet darauf, gesendet zu werden, und nichts ist in Quarantäne.
admin-no-pair = Es ist kein Paar gespeichert; es gelten die Regeln der Konfiguration.
admin-no-format = Es ist kein Format gespeichert oder gelernt; es gelten die der Konfiguration.
admin-done = Erledigt.

### Befehle

write-title = An eine Mailadresse schreiben
write-words = schreib, schreiben, schreib an, schreiben an, mail an, chat mit, chatten mit, sende mail an, sende eine mail an, schreib eine mail an, mail senden an, e-mail an, nachricht an, neue nachricht an, neue mail an
open-words = hinzufügen, füge hinzu, einladen, lade ein, neuer kontakt
sentence-words = über, dass, daß, ob, wegen, wenn, weil, zum, zur, bezüglich, um
and-words = und
write-example = carol@mail.example Hallo!
write-help = schreibt an diese Adresse; ohne Text oder mit „hinzufügen carol@mail.example“ wird nur die Unterhaltung geöffnet
write-ask = Wem möchtest du schreiben? Du bekommst die Chat-Adresse, unter der du diese Person erreichst.
write-title-text = Deine erste Nachricht
write-ask-text = Was möchtest du sagen? Du kannst das leer lassen und in der Unterhaltung schreiben.

my-address-title = Meine Mailadresse
my-address-words = meine adresse, meine mailadresse, adresse, wer bin ich, was ist meine adresse, wie ist meine adresse, wie lautet meine adresse, wie lautet meine mailadresse
my-address-example = meine adresse
my-address-help = sagt, unter welcher Mailadresse man dich erreicht

my-name-title = Mein Name in Mails
my-name-words = ich heiße, mein name ist, mein name, nenn mich
my-name-example = ich heiße Alice Liddell
my-name-help = so heißt du in deinen Mails; „ich heiße default“ nimmt es zurück
my-name-ask = Wie möchtest du in deinen Mails heißen?

contacts-title = Meine Mailkontakte
contacts-words = kontakte, meine kontakte, liste, zeig kontakte, zeige kontakte, zeig meine kontakte, kontakte anzeigen, kontaktliste
contacts-example = kontakte
contacts-help = listet die Mailadressen auf, mit denen du zu tun hast

remove-title = Einen Mailkontakt entfernen
remove-words = entferne, entfernen, vergiss, vergessen, lösche, löschen
remove-example = entferne carol@mail.example
remove-help = vergisst einen Kontakt und was du für ihn gewählt hast
remove-ask = Welcher deiner Kontakte soll vergessen werden?

original-title = Eine ganze Mail
original-words = ganze mail, zeig original
original-example = ganze mail carol@mail.example
original-help = zeigt die letzte Mail von dieser Adresse vollständig, mit allem, was sie zitiert
original-ask = Von wem möchtest du die letzte Mail mit allem sehen, was sie zitiert?

revoke-title = Links ungültig machen
revoke-words = widerrufe, widerrufen, link widerrufen
revoke-example = widerrufe carol@mail.example
revoke-help = macht den Link zur vollständigen letzten Mail von dieser Adresse und die zu ihren Dateien ungültig; mit einem Link dahinter diesen Link; mit „alle“ alle deine Links
revoke-ask = Gib den Link einer Mail oder einer Datei ein; oder eine Mailadresse, für die letzte Mail von dort; oder „alle“, für alle deine Links.

requests-title = Wer darauf wartet, angenommen zu werden
requests-words = anfragen, kontaktanfragen, wer wartet, fremde
requests-example = anfragen
requests-help = listet auf, wer dir schreiben möchte

accept-title = Jemanden annehmen, der wartet
accept-words = annehmen, nimm an, akzeptiere, akzeptieren
accept-example = annehmen eve@mail.example
accept-help = zeigt dir, was diese Adresse geschrieben hat und ab jetzt schreibt
accept-ask = Wessen Mails möchtest du sehen?

refuse-title = Jemanden ablehnen, der wartet
refuse-words = ablehnen, lehne ab
refuse-example = ablehnen eve@mail.example
refuse-help = zeigt dir nichts von dieser Adresse; niemand erfährt davon
refuse-ask = Wessen Mails möchtest du nicht sehen?

block-title = Eine Mailadresse blockieren
block-words = blockiere, blockieren, sperre, sperren
block-example = blockiere eve@mail.example
block-help = zeigt dir keine Mails dieser Adresse mehr; niemand erfährt davon, bei „blockiere spam eve@mail.example“ aber, wer das Gateway betreibt
block-ask = Wessen Mails möchtest du nicht mehr sehen? Niemand erfährt davon.

unblock-title = Eine Mailadresse nicht mehr blockieren
unblock-words = entsperre, entsperren, nicht mehr blockieren
unblock-example = entsperre eve@mail.example
unblock-help = zeigt dir ihre Mails wieder
unblock-ask = Wessen Mails möchtest du wieder sehen?

waiting-title = Meine wartenden Mails
waiting-words = warteschlange, was wartet, meine wartenden mails, postausgang, wie viele mails warten, wartende mails
waiting-example = was wartet
waiting-help = listet auf, welche deiner Mails noch nicht verschickt sind und warum

cancel-title = Eine wartende Mail zurücknehmen
cancel-words = zurücknehmen, nimm zurück, abbrechen
cancel-example = nimm zurück 3fa91c
cancel-help = nimmt eine Mail zurück, die noch wartet; „was wartet“ nennt ihren Namen
cancel-ask = Welche deiner Mails soll nicht verschickt werden?

send-now-title = Eine wartende Mail sofort versuchen
send-now-words = sende jetzt, jetzt senden, sofort senden
send-now-example = sende jetzt 3fa91c
send-now-help = versucht sofort, eine wartende Mail zu verschicken
send-now-ask = Welche deiner Mails soll sofort versucht werden?

where-title = Was aus meiner letzten Nachricht wurde
where-words = was wurde aus, wo ist meine nachricht an
where-example = wo ist meine nachricht an carol@mail.example
where-help = sagt, was aus deiner letzten Nachricht an diese Adresse wurde
where-ask = An wen hast du geschrieben?

away-title = Antworten, dass ich abwesend bin
away-words = abwesend, ich bin abwesend, ich bin weg, urlaub, pause, nicht da, ich bin nicht da, im urlaub, ich bin im urlaub, verreist, ich bin verreist
away-example = abwesend bis 2026-12-24 Ich bin in den Bergen
away-help = antwortet Menschen, die dir per Mail schreiben, mit deinen Worten; ohne einen Tag, bis du „zurück“ schreibst; „abwesend von morgen bis Freitag“ beginnt morgen; mit „setze away-on-xa on“ tut das dein Status
away-ask = Wer dir per Mail schreibt, bekommt höchstens einmal in 7 Tagen eine Antwort. Bis wann und mit welchen Worten?

back-title = Ich bin wieder da
back-words = zurück, ich bin zurück, ich bin wieder da, wieder da, bin zurück, bin wieder da
back-example = zurück
back-help = beendet, was „abwesend“ begonnen hat

options-title = Meine Optionen anzeigen
options-words = optionen, meine optionen, einstellungen
options-example = optionen
options-help = zeigt, wie dir Mails angezeigt werden und was du sonst noch wählen kannst
options-ask = Was gilt für alle Kontakte oder für einen von ihnen?

set-title = Eine Option ändern
set-words = setze, wähle
set-example = setze quotes keep carol@mail.example
set-help = ändert eine Option für einen Kontakt; ohne Adresse für alle; „default“ nimmt es zurück; „setze language en“ ändert die Sprache
set-ask = Was soll anders sein und für wen?

export-title = Alles bekommen, was über mich gespeichert ist
export-words = exportieren, exportiere meine daten, meine daten
export-example = exportieren
export-help = gibt dir alles, was das Gateway über dich gespeichert hat

forget-me-title = Alles löschen, was über mich gespeichert ist
forget-me-words = vergiss mich, lösche meine daten, lösche mich, lösch mich, lösch meine daten, lösche mein konto
forget-me-example = vergiss mich
forget-me-help = löscht nach einer Rückfrage alles, was das Gateway über dich gespeichert hat
forget-me-ask = Alles, was dieses Gateway über dich gespeichert hat, wird gelöscht, und deine wartenden Mails werden nicht gesendet. Das lässt sich nicht rückgängig machen. Willst du das?

help-title = Hilfe
help-words = hilfe, befehle
help-example = hilfe
help-help = zeigt dies

## Die der Administration

status-words = zustand
status-title = Admin: Zustand
status-example = status
status-help = sagt, wie es dem Gateway geht

queue-list-title = Admin: wartende Mails aller
queue-list-words = queue list
queue-list-example = queue list
queue-list-help = listet auf, was von allen wartet und was in Quarantäne ist

queue-show-title = Admin: eine wartende Mail
queue-show-words = queue show
queue-show-example = queue show ID
queue-show-help = zeigt, was über sie bekannt ist, mit dem Kopf der Mail
queue-show-form = Eine wartende Mail
queue-show-ask = Welche? „queue list“ zeigt die Namen in der ersten Spalte.

queue-retry-title = Admin: Mails jetzt versuchen
queue-retry-words = queue retry
queue-retry-example = queue retry ID
queue-retry-help = versucht sie jetzt; ohne ID alle, die warten
queue-retry-form = Mails jetzt versuchen
queue-retry-ask = Welche? Lass es leer für alle.

queue-drop-title = Admin: eine Mail verwerfen
queue-drop-words = queue drop
queue-drop-example = queue drop ID
queue-drop-help = nimmt sie heraus; der Absender bekommt eine Fehlermeldung, mit „queue drop ID silent“ nicht
queue-drop-form = Eine Mail verwerfen
queue-drop-ask = Welche? Der Absender bekommt eine Fehlermeldung, wenn du nicht „silent“ schreibst.

map-list-title = Admin: alle Paare
map-list-words = map list
map-list-example = map list
map-list-help = listet die Paare aus JIDs und Mailadressen auf

map-find-title = Admin: ein Paar suchen
map-find-words = map find
map-find-example = map find alice@a.example
map-find-help = zeigt das Paar zu einer JID oder Adresse
map-find-form = Ein Paar suchen
map-find-ask = Wessen?

map-add-title = Admin: ein Paar speichern
map-add-words = map add
map-add-example = map add alice@a.example alice@mail.example Alice
map-add-help = speichert ein Paar, mit Namen oder ohne
map-add-form = Ein Paar speichern
map-add-ask = Diese Mailadresse steht für diese JID.

map-remove-title = Admin: ein Paar löschen
map-remove-words = map remove
map-remove-example = map remove alice@a.example
map-remove-help = löscht das Paar zu einer JID oder Adresse
map-remove-form = Ein Paar löschen
map-remove-ask = Wessen?

peer-list-title = Admin: alle Formate
peer-list-words = peer list
peer-list-example = peer list
peer-list-help = listet auf, wie Mails an Adressen und Domains geschrieben werden

peer-set-title = Admin: ein Format festlegen
peer-set-words = peer set
peer-set-example = peer set chat.b.example xmpp
peer-set-help = legt fest, wie Mails an eine Adresse oder Domain geschrieben werden: mail, chat oder xmpp; „peer remove“ nimmt es zurück
peer-set-form = Ein Format festlegen
peer-set-ask = Wie werden Mails an diese Adresse oder Domain geschrieben?

peer-remove-title = Admin: ein Format löschen
peer-remove-words = peer remove
peer-remove-example = peer remove chat.b.example
peer-remove-help = löscht ein Format
peer-remove-form = Ein Format löschen
peer-remove-ask = Wessen?

users-list-title = Admin: Benutzer, über die etwas gespeichert ist
users-list-words = users list
users-list-example = users list
users-list-help = listet Benutzer auf, mit der Zahl ihrer Kontakte und dem Tag der letzten Nachricht

users-show-title = Admin: wie viel über einen Benutzer gespeichert ist
users-show-words = users show
users-show-example = users show alice@a.example
users-show-help = sagt, wie viel über einen Benutzer gespeichert ist, und nichts von dem, was geschrieben wurde
users-show-form = Wie viel über einen Benutzer gespeichert ist
users-show-ask = Über wen?

users-forget-title = Admin: einen Benutzer vergessen
users-forget-words = users forget
users-forget-example = users forget alice@a.example
users-forget-help = löscht sofort alles, was über einen Benutzer gespeichert ist
users-forget-form = Einen Benutzer vergessen
users-forget-ask = Von wem soll alles gelöscht werden? Es geschieht sofort und lässt sich nicht rückgängig machen.

announce-title = Admin: allen etwas sagen
announce-words = ansage, announce
announce-example = ansage Heute von 21 bis 22 Uhr geht keine Mail durch.
announce-help = sagt es allen, über die etwas gespeichert ist; am selben Tag wiederholt nur denen, die es noch nicht gehört haben
announce-form = Allen etwas sagen
announce-ask = Was soll allen gesagt werden, die dieses Gateway benutzen?

reload-title = Admin: Konfiguration neu lesen
reload-words = reload
reload-example = reload
reload-help = lässt die Konfiguration neu lesen

log-level-title = Admin: Log-Stufe
log-level-words = log level
log-level-example = log level debug
log-level-help = ändert, wie viel protokolliert wird, bis „reload“ die Konfiguration neu liest
log-level-form = Log-Stufe
log-level-ask = Wie viel soll protokolliert werden, bis die Konfiguration neu gelesen wird?

where-of-title = Admin: was aus der letzten Nachricht eines Benutzers wurde
where-of-words = where of
where-of-example = where of alice@a.example carol@mail.example
where-of-help = sagt, was aus der letzten Nachricht eines Benutzers an eine Adresse wurde
where-of-form = Was aus der letzten Nachricht eines Benutzers wurde
where-of-ask = Wessen Nachricht und an wen?

## Felder und Spalten

label-mail-address = Mailadresse
label-message = Nachricht
label-your-name = Dein Name
label-name = Name
label-chat-address = Chat-Adresse
label-reached = Erreichbar
label-trouble = Störung
label-verified = Bestätigt
label-last-message = Letzte Nachricht
label-which-mail = Welche Mail
label-short-name = Name
label-who = Wer
label-mails = Mails
label-to = An
label-text = Text
label-last-day = Letzter Tag, wie 2026-12-24
label-away-text = Was in der Antwort steht
label-announcement = Was gesagt wird
label-since = Seit
label-next-attempt = Nächster Versuch
label-why = Warum
label-one-contact = Mailadresse eines Kontakts (leer: alle Kontakte)
label-option = Option
label-value = Wert
label-meaning = Was es bedeutet
label-whose = Wer es gewählt hat
label-choose = Was es noch gibt
label-mail-address-or-name = Mailadresse oder Name
label-link-or-address = Link oder Mailadresse
label-link = Link
label-report-spam = Ist es Spam?
label-sure = Alles löschen?
label-id = ID
label-silent = „silent“ oder leer
label-jid-or-mail-address = JID oder Mailadresse
label-jid = JID
label-jid-of-user = JID des Benutzers
label-mail-address-or-domain = Mailadresse oder Domain
label-format = mail, chat oder xmpp
label-log-level = error, warn, info, debug oder trace
