# Français. On tutoie ; ce qui est mis dans une accolade peut venir d'un inconnu et reste tel quel.

language = français
# As users of any language may call it.
language-called = français, francais, french, französisch, francés, французский

### Ce qu'a dit un serveur de messagerie

no-reason = le serveur de messagerie n'a pas donné de raison
dropped = il a été supprimé par l'administration de la passerelle e-mail
not-reached = le serveur de messagerie était injoignable

## Messages de l'utilisateur

refused = { $certain ->
        [yes] Le message à { $mail } n'a pas été remis : { $why }
       *[no] Le message à { $mail } n'a peut-être pas été remis : { $why }
    }
expired = { $certain ->
        [yes] Le message à { $mail } n'a pas été remis
       *[no] Le message à { $mail } n'a peut-être pas été remis
    } : aucun succès en { $days ->
        [one] un jour
       *[other] { $days } jours
    } ; la dernière réponse était : { $why }
undelivered = Non remis : { $reason }.
    { $why }
undelivered-excerpt = Non remis : { $excerpt } – { $reason }.
    { $why }
undelivered-no-address = cette adresse n'existe pas
undelivered-mailbox-full = la boîte est pleine
undelivered-too-big = il est trop gros
undelivered-not-allowed = le serveur de messagerie ne l'autorise pas
undelivered-too-long = le serveur de messagerie est resté injoignable trop longtemps
undelivered-other = le serveur de messagerie ne l'a pas accepté
forwarded-not-delivered = Le message à { $mail } a été transféré à { $other } et n'a pas été remis : { $why }
late = Le message à { $mail } est encore en chemin : { $why } Le serveur de messagerie continue d'essayer ; tu n'as rien à faire.
delayed = Le message à { $mail } attend depuis { $hours ->
        [one] une heure
       *[other] { $hours } heures
    } : { $why } La passerelle continue d'essayer ; tu n'as rien à faire.
one-of-its-recipients = l'un de ses destinataires
failed-before = Le message à { $mail } n'a pas été remis, comme déjà signalé ; écris-le à nouveau pour réessayer.

status-available = par e-mail
status-trouble = le courrier ne passe pas : { $why }

## À l'expéditeur d'un e-mail que le serveur XMPP n'accepte pas

returned = Ton e-mail à { $mail } n'a pas été remis : { $why } (XMPP : { $condition }).
returned-said = La réponse était : { $words }
returned-footer = Cet avis vient de la passerelle e-mail d'une messagerie instantanée. Tu en recevras au plus un par heure.
returned-subject = E-mail non remis
returned-from = Remise du courrier
returned-no-user = cet utilisateur n'existe pas
returned-no-user-or-away = cet utilisateur n'existe pas, ou n'est pas joignable en ce moment et rien n'est conservé pour lui
returned-moved = l'utilisateur a changé d'adresse
returned-away = l'utilisateur n'est pas joignable en ce moment
returned-no-room = il n'y a plus de place pour d'autres messages à cet utilisateur
returned-no-server = le serveur de l'utilisateur est introuvable
returned-silent-server = le serveur de l'utilisateur ne répond pas
returned-not-allowed = l'utilisateur ou son serveur ne l'autorise pas
returned-other = le serveur de l'utilisateur ne l'a pas accepté

## E-mails affichés ou non

in-quotes = « { $text } »

whole-mail = L'e-mail entier : { $url }
rest-too-long = [La suite est trop longue pour un message.]
cut = { $kept ->
        [mailbox] [Le texte continue ; l'e-mail entier fait { $size } et se trouve dans la boîte.]
        [here] [Le texte continue ; l'e-mail entier fait { $size }.]
       *[nowhere] [Le texte continue ; l'e-mail entier fait { $size } et n'est pas conservé.]
    }
too-large = [Cet e-mail fait { $size }, plus que les { $max } que la passerelle lit. Il se trouve dans la boîte.]
empty-mail = [e-mail vide]
unverified = [Expéditeur non vérifié. Ceci est dit une fois par jour.]
first-mail = [{ $who } t'écrit pour la première fois.]
first-bulk-mail = [{ $who } écrit à beaucoup de monde, et à toi pour la première fois.]
unverified-answer = [Personne n'a pu vérifier que ceci vient de { $mail }, ta demande de contact reste donc ouverte. Si tu sais que c'est le cas, accepte la demande de { $mail }, ou écris à la passerelle : accepte { $mail }]
stranger-asks = { $who } aimerait t'écrire. Pour lire son e-mail, accepte la demande de contact, ou écris ici : accepte { $mail }
    Pour ne rien en voir : refuse { $mail }
stranger-asks-saying = { $who } aimerait t'écrire : { $preview }. Pour lire son e-mail, accepte la demande de contact, ou écris ici : accepte { $mail }
    Pour ne rien en voir : refuse { $mail }
status-stranger-asks = { $mail } aimerait t'écrire
status-stranger-asks-saying = { $mail } aimerait t'écrire : { $preview }
# Behind each of the four.
unverified-stranger = Personne n'a pu vérifier que ceci vient de { $mail }.
status-unverified-answer = Quelqu'un a répondu en tant que { $mail }, et personne n'a pu le vérifier.
strangers-wait = Un e-mail de quelqu'un avec qui tu n'as encore jamais été en rapport est arrivé pour toi, et attend. Pour voir qui attend, écris ici : demandes
more-attachments = { $kept ->
        [mailbox] [et { $count } de plus, dans la boîte]
       *[nowhere] [et { $count } de plus]
    }
lies-in-mailbox = il se trouve dans la boîte
lies-here = il se trouve dans l'e-mail entier
lies-nowhere = il n'est pas conservé
not-hosted-over = le serveur n'accepte pas de fichier de plus de { $max } ; { $lies }
not-hosted-too-big = trop gros pour le serveur ; { $lies }
not-hosted-refused = le serveur ne l'accepte pas ({ $words }) ; { $lies }
not-hosted-silent = le serveur n'a pas répondu ; { $lies }
not-hosted-limit = plus de fichiers qu'il n'en peut arriver en un jour ; { $lies }
not-hosted-per-mail = seuls { $max } fichiers d'un e-mail sont affichés ; { $lies }
a-mail = Un e-mail
a-mail-from = Un e-mail de { $mail }
not-shown = { $kept ->
        [mailbox] { $what } n'a pas pu être affiché : la passerelle e-mail a échoué dessus, ce qui est un défaut de la passerelle. Il se trouve dans la boîte.
       *[nowhere] { $what } n'a pas pu être affiché : la passerelle e-mail a échoué dessus, ce qui est un défaut de la passerelle. Il est conservé pour son administration.
    }
too-big = { $kept ->
        [mailbox] { $what } n'a pas pu être affiché : il est trop gros pour le serveur XMPP. Il se trouve dans la boîte.
       *[nowhere] { $what } n'a pas pu être affiché : il est trop gros pour le serveur XMPP. Il a été refusé.
    }
welcome = Bienvenue ! Ici, tu discutes avec des personnes qui ont une adresse e-mail. Un e-mail envoyé à { $mail } arrive comme un message de son auteur ; ta réponse lui parvient par e-mail. Pour écrire à quelqu’un de nouveau, envoie ici par exemple : carol@mail.example Bonjour ! Avec « aide », tu vois ce qui est possible d’autre.
mails-wait = Il arrive pour toi plus d'e-mails qu'on n'en affiche en une minute ({ $limits }). Les autres attendent et suivront.
mails-wait-from-one = { $count } d'un même expéditeur
held-failed = { $kept ->
        [mailbox] Un e-mail qui se dit de { $mail } a échoué à l'authentification et se trouve dans la boîte.
       *[nowhere] Un e-mail qui se dit de { $mail } a échoué à l'authentification et a été refusé.
    }
held-unverified = { $kept ->
        [mailbox] Un e-mail qui se dit de { $mail } n'a pas pu être authentifié et se trouve dans la boîte.
       *[nowhere] Un e-mail qui se dit de { $mail } n'a pas pu être authentifié et a été refusé.
    }
held-unread = { $kept ->
        [mailbox] Un e-mail qui se dit de { $mail } a un en-tête trop long pour être vérifié et se trouve dans la boîte.
       *[nowhere] Un e-mail qui se dit de { $mail } a un en-tête trop long pour être vérifié et a été refusé.
    }
held-ask = Si tu ne peux pas ouvrir cette boîte, demande à qui gère cette passerelle : { $who }
held-as-well = { $count ->
        [one] Depuis le dernier avis, { $count } autre e-mail à l'expéditeur douteux est arrivé ; il n'est pas affiché.
       *[other] Depuis le dernier avis, { $count } autres e-mails à l'expéditeur douteux sont arrivés ; ils ne sont pas affichés.
    }
nobody-to-be-read = quelqu'un d'illisible
unshowable-sender = [Un e-mail de { $mail }, dont l'adresse ne peut pas être une adresse de discussion (JID) ; tu ne peux pas y répondre d'ici.]
nameless-sender = [Un e-mail dont l'expéditeur est indiqué comme { $words }, ce qui n'est pas une adresse ; tu ne peux pas y répondre.]
silent-sender = [Un e-mail qui ne dit pas qui l'a envoyé ; tu ne peux pas y répondre.]
answer-goes-to = [Ta réponse va à { $mail } : c'est là que cet expéditeur veut les réponses.]
unanswerable = L'adresse de cet expéditeur ne peut pas être une adresse de discussion (JID), on ne peut donc pas lui écrire d'ici ; réponds avec un logiciel de messagerie.
nobody = Le message à { $mail } n'a pas été remis : l'adresse mène à cette passerelle, qui n'a pas d'utilisateur de ce nom. Vérifie l'adresse et écris à nouveau.

recipients = À : { $names }
recipients-more = À : { $names } et { $more } de plus
you = toi

## E-mails à des gens qui les lisent dans un logiciel de messagerie

correction = Correction : { $text }
reaction = { $emoji } à ton message
reaction-to = { $emoji } à { $excerpt }
reaction-taken-back = [a retiré une réaction à ton message]
reaction-taken-back-of = [a retiré la réaction à { $excerpt }]
corrected = { $text }

    (Avant, on lisait : { $excerpt })
you-quote = { $name } a écrit :
you-quote-yourself = J'ai écrit :
not-attached = Le fichier { $name } n'a pas pu être joint à l'e-mail : { $why }. L'e-mail contient son lien à la place.
too-big-to-attach = une pièce jointe peut faire { $max } au plus
files-over-limit = c'est plus que ce qui est permis en un jour
file-as-link-big = [{ $name } ({ $size }) est trop volumineux pour cet e-mail. Le lien ci-dessus y mène, tant que { $host } le conserve.]
file-as-link-too-big = [{ $name } est trop volumineux pour cet e-mail. Le lien ci-dessus y mène, tant que { $host } le conserve.]
file-as-link = [{ $name } n'a pas pu être joint. Le lien ci-dessus y mène, si { $host } l'a encore.]

invitation-subject = { $name } aimerait discuter avec toi
invitation-hello =
    Bonjour,

    { $name } aimerait discuter avec toi et écrit depuis une messagerie instantanée ; il te suffit de ton logiciel de messagerie.
invitation-words = { $name } écrit : { $words }
invitation-how =
    Pour accepter, réponds à cet e-mail ; ce que tu écris parvient à { $name } comme message instantané, et les messages de { $name } te parviennent comme e-mails de { $mail }.

    Pour refuser, réponds par le seul mot « non », ou ne fais rien : on ne te le redemandera pas avant une semaine au moins.
invitation-by = C'est un service de { $organisation }.
invitation-accept = Accepter
invitation-yes = Oui

away-subject = Absence de { $name }
away-text = { $name } n'est pas là en ce moment et lira ton e-mail plus tard.
away-by-program = [Un programme répond à la place de { $name }, au plus une fois en 7 jours.]

subscribe-subject = { $name } aimerait voir ta présence
subscribe-text = { $name } ({ $mail }) aimerait voir quand tu es en ligne.
subscribed-subject = { $name } te montre sa présence
subscribed-text = { $name } ({ $mail }) te laisse voir sa présence en ligne.
unsubscribe-subject = { $name } ne suit plus ta présence
unsubscribe-text = { $name } ({ $mail }) ne veut plus voir quand tu es en ligne.
unsubscribed-subject = { $name } ne te montre plus sa présence
unsubscribed-text = { $name } ({ $mail }) ne te laisse pas voir sa présence en ligne, ou ne le fait plus.
presence-online = { $name } est en ligne
presence-away = { $name } s'est absenté(e)
presence-xa = { $name } s'est absenté(e) pour longtemps
presence-dnd = { $name } ne veut pas être dérangé(e)
presence-offline = { $name } est hors ligne
for-gateways = Cet e-mail va d'une messagerie instantanée à une autre (XMPP par e-mail) ; tu n'as rien à faire.

without-text-received = { $name } a reçu ton message.
without-text-read = { $name } a lu ton message.
without-text-reaction = { $name } a réagi à un message : { $emoji }
without-text-reaction-taken-back = { $name } a retiré une réaction.
without-text-retraction = { $name } a retiré un message.
without-text-other = { $name } a envoyé quelque chose que seule une messagerie instantanée affiche.

## Pourquoi quelque chose n'est pas accepté

outsider = Cette passerelle e-mail est réservée aux utilisateurs de { $domains } ; demande à son administration de t'y admettre.
outsider-certain = Cette passerelle e-mail est réservée à certains utilisateurs ; demande à son administration de t'y admettre.
no-address = { $error }. Pour écrire à carol@mail.example : carol\40mail.example@{ $gateway } ou carol%mail.example@{ $gateway }.
address-form = « { $typed } » n'est pas de la forme nom@domaine
address-length = « { $typed } » est trop long pour une adresse e-mail (250 octets avant le @, 255 après)
address-local = « { $typed } » contient un caractère qui ne peut pas figurer avant le @ d'une adresse e-mail
address-domain = « { $typed } » n'est pas un nom de domaine
no-chat-address = { $mail } ne peut pas être une adresse de discussion ({ $error })
no-jid = « { $typed } » dans la liste des destinataires n'est pas un JID ({ $error })
not-a-contact = C'est la passerelle e-mail elle-même. Pour écrire à carol@mail.example : carol\40mail.example@{ $gateway }.
user-has-no-mail = Il n'y a pas d'adresse e-mail pour { $user } ; demande à l'administration de la passerelle e-mail d'ajouter une règle ou une paire.
address-is-reserved = L'adresse e-mail { $mail }, qui serait la tienne d'après les règles, est réservée à l'administration du domaine ; demande à celle de la passerelle e-mail une paire avec une autre.
address-is-taken = L'adresse e-mail { $mail }, qui serait la tienne d'après les règles, appartient à quelqu'un d'autre ; demande à l'administration de la passerelle e-mail.
you-blocked = Tu as bloqué { $mail } et ne verrais pas les réponses. Pour y écrire, dis d'abord à la passerelle e-mail : débloque { $mail }
contact-denied = L'administration de la passerelle e-mail n'autorise pas les e-mails à { $mail }.
known-as = { $mail } est déjà ton contact { $jid } ; supprime d'abord l'un ou l'autre.
default-subject = Discussion avec { $name }
chat-subject = Message de { $name }
encrypts = [Cet e-mail est chiffré, et cette passerelle ne peut pas le lire. Si le programme de { $mail } n'accepte que des e-mails chiffrés, comme Delta Chat sauf réglage contraire, ce que tu écris n'y est pas affiché : demande une autre adresse, ou que les e-mails non chiffrés y soient autorisés.]
encrypted = Cette passerelle ne peut pas transporter de messages chiffrés de bout en bout ; désactive le chiffrement pour ce contact et renvoie.
encrypted-file = Ce fichier est chiffré pour des logiciels de discussion, et personne ne pourrait l'ouvrir en le recevant par e-mail ; désactive le chiffrement pour ce contact et renvoie-le.
body-too-long = Le message fait { $octets } octets, la passerelle en accepte { $max } au plus ; envoie-le en plusieurs parties.
not-taken-back = [Ce message ne peut pas être retiré : il est parti par e-mail, ou l'est peut-être.]
taken-back-in-time = [Ce message a été retiré avant de partir : personne ne l'a vu.]
not-yours = [Ce message n'est pas de toi, tu ne peux donc pas le retirer.]
unknown-message = [Le message que tu veux retirer n'est pas connu ici : il n'a pas été envoyé depuis cette conversation, ou il y a trop longtemps. Rien n'a été retiré.]
reaction-has-left = [Ta réaction est partie par e-mail, ou l'est peut-être, et ne peut pas être retirée.]
no-calls = [Ce contact est joint par e-mail et ne peut pas être appelé ; écris plutôt.]
no-rooms = Ce contact est joint par e-mail et ne peut pas entrer dans un salon ; envoie-lui plutôt l'adresse du salon.
no-attention = Ce contact est joint par e-mail et ne voit que des messages ; écris plutôt.
no-groupchat = Cette passerelle ne transporte pas les messages de groupe ; écris plutôt à un contact.
too-many-recipients = Le message a { $count } destinataires, la passerelle en accepte { $max } au plus ; envoie-le à moins de monde.
sent-too-much = Tu peux envoyer { $count } e-mails par heure, chaque destinataire compte, et tu les as envoyés. Le message n'a pas été envoyé ; réessaie dans { $again }.
sent-too-much-to-one = Tu peux envoyer { $count } e-mails par heure à une même adresse, et tu les as envoyés à { $mail }. Le message n'a pas été envoyé ; réessaie dans { $again }.
sent-too-much-by-all = Les utilisateurs de { $domain } peuvent envoyer ensemble { $count } e-mails par heure, chaque destinataire compte, et les ont envoyés. Le message n'a pas été envoyé ; réessaie dans { $again }, ou demande à l'administration de la passerelle e-mail.
too-many-strangers = Tu peux écrire à { $count } nouvelles adresses par jour, et tu l'as fait. Rien n'a été envoyé ; réessaie dans { $again }, ou demande à l'administration de la passerelle e-mail.
in-seconds = { $count ->
        [one] une seconde
       *[other] { $count } secondes
    }
in-minutes = { $count ->
        [one] une minute
       *[other] { $count } minutes
    }
in-hours = { $count ->
        [one] une heure
       *[other] { $count } heures
    }
unanswered-requests = La passerelle e-mail reçoit trop de demandes de toi et ne répond pas à toutes ; redemande dans quelques secondes.
unwritable = { $error }. Le message n'a pas été envoyé.
unwritable-address = L'adresse { $mail } ne peut pas figurer dans un e-mail
unwritable-other = Le message ne peut pas être écrit comme e-mail : { $why }
no-room = La passerelle e-mail ne peut pas accepter de messages en ce moment (son disque est plein ou défaillant). Le message n'a pas été envoyé ; réessaie plus tard.
failed = La passerelle e-mail n'a pas pu traiter ceci à cause d'un défaut de la passerelle ; rien n'a été envoyé. C'est conservé pour son administration.
unknown-request = La passerelle e-mail ne connaît pas cette demande.
no-answer-to-all = Ceci ne répond pas à un e-mail adressé à plusieurs, ou répond à un e-mail adressé à plus de monde que la passerelle ne peut en joindre ; écris-le sans /all. Le message n'a pas été envoyé.
nothing-for-all = Écris après /all ce que doivent lire tous ceux qui ont l'e-mail. Le message n'a pas été envoyé.
too-many-requests = La passerelle envoie au plus { $max } demandes de contact et réponses à un même contact par heure ; réessaie plus tard.

## La page d'un e-mail

page-without-subject = E-mail sans objet
page-until = Quiconque a l'adresse de cette page peut lire l'e-mail, jusqu'au { $when }.
page-show-remote = Afficher les images distantes
page-remote-tells = (qui les héberge apprend que tu lis l'e-mail)
page-hide-remote = Masquer les images distantes
page-text-cut = La suite du texte est dans le fichier.
page-more-files = D'autres fichiers sont dans l'e-mail lui-même, ci-dessous.
page-from = De
page-to = À
page-cc = Copie
page-date = Date
page-and-more = et { $more } autres
page-as-sent = Tel qu'il a été envoyé
page-as-text = En texte seul
page-text = Texte
page-files = Fichiers
page-all-fields = Tous les champs d'en-tête
page-as-file = L'e-mail en fichier (.eml)

## La page où l'on indique une adresse e-mail et reçoit le contact

write-page-title = Écrire par chat à une adresse e-mail
write-page-about = La passerelle { $gateway } relie le chat (XMPP) et l'e-mail. Avec un compte sur un serveur de chat qu'elle dessert, tu écris de là à toute personne qui a une adresse e-mail : ton message arrive comme e-mail, et la réponse te revient comme message. Indique l'adresse, et tu reçois le contact pour ton logiciel.
write-page-show = Afficher le contact
write-page-open = Écrire dans mon logiciel
write-page-scan = Ou scanne ceci avec le téléphone sur lequel tu discutes :
write-page-code-of = Code QR du contact { $mail }
write-page-note = Rien n'a été envoyé, et personne n'a vérifié si l'adresse existe. Tu peux aussi saisir l'adresse de discussion comme nouveau contact.
write-page-chats-here = { $mail } est une adresse du serveur de discussion { $domain }. Écris-lui directement dans ton logiciel de discussion : aucune adresse e-mail n'est nécessaire pour cela.
write-page-also-mail = Seulement si c'est aussi une adresse e-mail, et que tu veux celle-ci, prends ceci :

## Comment s'appelle un fichier d'un e-mail, avant son nom et sa taille

small-pictures = [{ $count } petites images, { $size }]
file-calendar = invitation de calendrier
file-contact = carte de contact
file-page = page web
file-encrypted = message chiffré
file-smime = message S/MIME
file-openpgp-key = clé OpenPGP
file-signature = signature
file-tnef = pièces jointes d'Outlook
file-partial = morceau d'un e-mail
file-mail = e-mail
file-delivery-report = rapport de distribution
file-read-receipt = accusé de lecture
file-header = en-tête de l'e-mail
file-chat-message = message de chat
file-pdf = PDF
file-archive = archive
file-image = image
file-audio = son
file-video = vidéo
file-text = texte
file-message = message
file-other = fichier

## Rendez-vous et tâches : ce que c'est, puis le titre, quand, à quel rythme, où

meeting-invitation = invitation
meeting-cancelled = annulé
meeting-accepted = accepté
meeting-declined = refusé
meeting-tentative = accepté sous réserve
meeting-delegated = délégué à quelqu'un d'autre
meeting-answer = réponse à une invitation
meeting-counter = une autre date est proposée
meeting-counter-declined = la date proposée est refusée
meeting-refresh = demande la dernière version
meeting-task = tâche
meeting-event = rendez-vous
meeting-untitled = sans titre
meeting-more = et { $more ->
        [one] un autre
       *[other] { $more } autres
    }
meeting-daily = chaque jour
meeting-weekly = chaque semaine
meeting-monthly = chaque mois
meeting-yearly = chaque année
meeting-repeated = répété
day = { $weekday } { $day } { $month } { $year }
weekdays = lun. mar. mer. jeu. ven. sam. dim.
months = janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.

## Petits mots

size-bytes = { $count } octets
size-kilobytes = { $count } Ko
size-megabytes = { $count } Mo
size-megabytes-tenths = { $count },{ $tenths } Mo

### Ce qu'on demande à la passerelle elle-même

helper-name = Assistant e-mail
gateway-name = Passerelle e-mail
gateway-status = passerelle e-mail
gateway-short-name = E-mail
forwarded = Message transféré :
forwarded-from = Message transféré de { $from } :
forwarded-at = Message transféré du { $stamp } :
forwarded-from-at = Message transféré de { $from } du { $stamp } :
room-invitation = Invitation au salon { $room }
room-password = Mot de passe : { $password }
spoiler = Divulgâcheur
data-policy = Les messages deviennent des e-mails, que cette passerelle et les serveurs de messagerie en chemin peuvent lire. De chaque message restent aussi longtemps son nom, son heure et ses premiers mots ; les e-mails et fichiers qui ne sont pas montrés en entier peuvent être gardés aussi. Contacts et choix restent jusqu'à ce que tu les retires. « exporter » te donne le tout, « oublie-moi » le supprime.
data-policy-of-mail = Le courrier n'est pas chiffré de bout en bout, et entre serveurs il peut ne pas l'être du tout. Qui reçoit un e-mail, et son serveur, le gardent comme ils veulent.
gateway-description = Relie ce serveur et l'e-mail : tu écris à carol@mail.example comme à l'un de ses contacts.
gateway-prompt = Indique l'adresse e-mail de la personne avec qui tu veux discuter, par exemple carol@mail.example.

help-before = C'est la passerelle e-mail. On écrit aux gens à leur adresse e-mail :
help-after = Dans une conversation, une réponse qui commence par /all va à tous ceux qui ont l'e-mail ; { $originals ->
        [yes] /original seul montre tout le dernier e-mail, et /help seul
       *[no] /help seul
    } montre ceci. Une commande derrière une barre oblique n'est jamais envoyée ; tout le reste part chez ton correspondant.
help-write-page = L'adresse de discussion de toute adresse e-mail, avec un lien et un code pour le téléphone : { $link }

no-changes = Ce qui a été dit à la passerelle est fait et ne peut être ni corrigé ni retiré ici. Écris un nouveau message.
not-understood = « { $typed } » n'est pas une commande ici. Rien n'a été envoyé à personne.
    Pour écrire à quelqu'un : carol@mail.example Bonjour ! « aide » montre tout.
to-write-to = « { $typed } » n'est pas une commande ici. Rien n'a été envoyé à personne. Pour écrire à { $mail }, envoie : { $mail } ton texte
greeting-words = bonjour, bonsoir, salut, coucou
greeting = Bonjour ! Ici la passerelle e-mail. Pour écrire à quelqu'un : carol@mail.example Bonjour ! « aide » montre tout.
thanks-words = merci, merci beaucoup, merci bien
thanks = Avec plaisir.
did-you-mean = « { $typed } » n'est pas une commande ici. Rien n'a été envoyé à personne. Voulais-tu dire « { $command } » ? « aide » montre ce qu'il y a.
several-addresses = Écris à une seule adresse à la fois : rien n'a été envoyé à personne.
is-it = « { $typed } » n'est pas une adresse e-mail. Voulais-tu dire { $mail } ? Alors envoie : { $example }
for-the-gateway = [« { $typed } » est une commande pour la passerelle et n'a pas été envoyée à { $mail }. Écris-la à { $helper } :
    { $link }
    Pour l'envoyer à { $mail } comme texte, mets une espace avant la barre oblique.]
slash-slip = [« { $typed } » n'a pas été envoyé à { $mail }. Voulais-tu dire la commande « { $command } » ? Écris-la à { $helper } :
    { $link }
    Pour envoyer la ligne à { $mail } comme texte, mets une espace avant la barre oblique.]
lacks-value = { $option } peut être { $values }, ou default. Écris par exemple : { $example }
lacks = { $label } ? Écris par exemple : { $example }
required = « { $label } » est nécessaire.
session-done = Ce formulaire a déjà été envoyé, et ce qu'il dit est fait. Recommence si tu le veux encore une fois.
session-over = Ce formulaire est trop ancien ; recommence.
session-unknown = Ce formulaire ne t'a pas été donné par cette commande ; recommence.
action-unknown = Cette commande connaît execute, next, prev, complete et cancel.

opened = Ce que tu écris dans la conversation avec { $mail } y part par e-mail, et les réponses arrivent comme messages. La voici :
written = Ton message part par e-mail à { $mail }. Voici la conversation :
begins = [Ce que tu écris ici part par e-mail à { $mail }. Les réponses arrivent ici.]
begins-with = [Tu as écrit à { $mail } : « { $text } » Ce que tu écris ici y part aussi par e-mail. Les réponses arrivent ici.]
is-user = { $mail } fait partie de ce serveur de discussion, sans besoin d'e-mail. Si ce compte existe, écris ici :
chats-here = { $mail } fait partie de ce serveur de discussion. Si c'est aussi une adresse e-mail, écris à { $contact }. Sinon, si ce compte existe, écris ici :
is-yourself = { $mail } est ta propre adresse : les e-mails à cette adresse t'arrivent comme messages.
cannot-be-contact = { $mail } ne peut pas être un contact : avec le domaine de la passerelle, c'est trop long pour une adresse de discussion.
own-address = Ton adresse e-mail est { $mail }. Les e-mails à cette adresse t'arrivent comme messages, et tes messages à des adresses e-mail en proviennent.
own-name = Tes e-mails sont désormais de { $name } <{ $mail }>.
own-name-taken-back = Tes e-mails te nomment à nouveau comme le fait ton logiciel ou cette passerelle.
no-name = « { $typed } » ne peut pas être ton nom : il contient l'adresse de quelqu'un d'autre.
no-name-unseen = Cela ne peut pas être ton nom : on n'en voit rien.
no-name-but-sentence = « { $typed } » se lit comme une phrase ; rien n'a été changé. Écris ton nom seul, par exemple : { $example }

no-contacts = Tu n'as pas encore de contacts e-mail. Écris à quelqu'un : carol@mail.example Bonjour !
contacts-all = { $count ->
        [one] Tu as un contact e-mail.
       *[other] Tu as { $count } contacts e-mail.
    }
contacts-shown = { $cut ->
        [yes] Tu as plus de { $all } contacts e-mail ; en voici { $shown }, d'abord ceux à qui tu as écrit. La recherche de ton logiciel trouve les autres par une partie de leur nom ou de leur adresse.
       *[no] Tu as { $all } contacts e-mail ; en voici { $shown }, d'abord ceux à qui tu as écrit. La recherche de ton logiciel trouve les autres par une partie de leur nom ou de leur adresse.
    }
contacts-more-than = Tu as plus de { $all } contacts e-mail.
last-message = dernier message { $moment }
tomorrow-at = demain à { $time } UTC
today-at = aujourd'hui à { $time } UTC
yesterday-at = hier à { $time } UTC
weekday-at = { $weekday ->
        [1] lundi
        [2] mardi
        [3] mercredi
        [4] jeudi
        [5] vendredi
        [6] samedi
       *[7] dimanche
    } à { $time } UTC
day-at = le { $day } { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    } { $year }
reached-by-gateway = par sa propre passerelle
reached-by-mail = par e-mail
contact-trouble = le courrier ne passe pas (cela a commencé { $moment }) : { $why }
verified = vérifié
blocked = bloqué
removed = { $mail } est oublié ici. Si ton logiciel montre encore ce contact, supprime-le là-bas ; qui écrit de cette adresse est désormais un inconnu.
removed-waits = { $count ->
        [one] Un e-mail de { $mail } attend et serait perdu.
       *[other] { $count } e-mails de { $mail } attendent et seraient perdus.
    } Écris d'abord : accepte { $mail } ou : refuse { $mail }
blocked-stays = { $mail } est bloqué et serait à nouveau affiché ; écris d'abord : débloque { $mail }
removed-by-client = { $mail } a sa propre passerelle, qui doit en être informée : supprime le contact dans ton logiciel.
unknown-contact = { $mail } n'est pas un de tes contacts.

spam-words = spam, pourriel, indésirable
report-spam = oui, le dire à qui gère cette passerelle
spam-reported = Qui gère cette passerelle apprend que { $mail } envoie du spam.
spam-reported-already = Tu as déjà signalé { $mail } : qui gère cette passerelle le sait.
spam-told = { $user } a bloqué { $mail } et signale du spam. Le journal en dit plus ; un serveur de messagerie peut refuser cet expéditeur pour tous.
is-blocked = Les e-mails de { $mail } ne te sont plus affichés. Pour les revoir : débloque { $mail }
is-blocked-already = De toute façon, les e-mails de { $mail } ne te sont pas affichés. Pour les revoir : débloque { $mail }
is-unblocked = Les e-mails de { $mail } te sont à nouveau affichés. Pas ceux arrivés entre-temps.
was-not-blocked = { $mail } n'est pas bloqué.
not-blocked-here = { $mail } est quelqu'un de ce serveur : bloque cette personne dans ton logiciel, comme tout le monde là-bas.
no-mail-of = { $mail } fait partie de ce serveur de discussion, et aucun e-mail n'en vient.

options-of-contact = Voici comment les e-mails de { $mail } te sont affichés :
options-of-blocked = { $mail } est bloqué : ses e-mails ne te sont pas montrés. Pour les voir à nouveau : débloque { $mail }
options-of-all = Voici comment les e-mails te sont affichés (« options carol@mail.example » montre ce que tu as choisi pour un contact) :
chosen-for-contact = ton choix pour ce contact
chosen-by-user = ton choix
chosen-by-client = la langue de ton programme de chat
chosen-by-gateway = le réglage de la passerelle
option-set = Désormais, { $about } { $meaning }.
option-set-for = Désormais, pour { $mail } : { $about } { $meaning }.
option-means = { $about } { $meaning }
option-taken-back = Ton choix est annulé, le réglage de la passerelle vaut à nouveau : { $about } { $meaning }.
option-taken-back-client = Ton choix est annulé, la langue de ton programme de chat vaut à nouveau : { $about } { $meaning }.
option-taken-back-for = Ton choix pour { $mail } est annulé, vaut à nouveau ce qui vaut pour tous tes contacts : { $about } { $meaning }.
no-option = « { $typed } » n'est pas une option ; il y a { $names }. Écris par exemple : set quotes keep
no-value = « { $typed } » n'est pas une valeur de { $option } ; écris { $values }, ou default.
option-for-all-only = { $option } vaut pour tous tes contacts ; omets l'adresse.
alternatives = { $others } ou { $last }

option-quotes = l'historique cité et les signatures sous une réponse
option-quotes-cut = ne sont pas affichés
option-quotes-keep = sont affichés
option-bulk = les e-mails de listes et autres envois en masse
option-bulk-show = sont affichés comme tous les autres
option-bulk-headline = sont affichés comme des actualités, et seulement pendant que tu es en ligne
option-bulk-drop = ne sont pas affichés
option-gather = les messages que tu écris d'un trait
option-gather-on = deviennent un seul e-mail
option-gather-off = sont chacun un e-mail
option-strangers = les e-mails de gens avec qui tu n'as jamais été en rapport
option-strangers-mark = sont affichés, et le premier le signale
option-strangers-show = sont affichés comme tous les autres
option-strangers-request = attendent que tu acceptes leur expéditeur, ce que ton logiciel te demande
option-strangers-hold = attendent que tu les demandes par « demandes »
option-away-on-xa = les mots de ton statut « non disponible » (absence prolongée)
option-away-on-xa-on = répondent à qui t'écrit par e-mail
option-away-on-xa-off = ne répondent à personne
option-language = ce que cette passerelle te dit
option-language-is = est en { $tag ->
        [en] anglais
        [de] allemand
        [fr] français
        [es] espagnol
        [ru] russe
       *[other] { $name }
    }

found = E-mail
found-more = Il y en a plus que ceux-ci : indique une plus longue partie du nom ou de l'adresse
search-for = Indique une adresse e-mail pour y écrire, ou une partie du nom ou de l'adresse d'un de tes contacts e-mail.

no-mail-known = Aucun e-mail de { $mail } n'est connu dans ta conversation.
no-mails-kept = Cette passerelle ne conserve pas d'e-mails entiers.
mail-not-kept = Le dernier e-mail de { $mail } n'est pas conservé ici en entier.
mail-shown-whole = Le dernier e-mail de { $mail } est arrivé { $moment } et figure tel quel dans ta conversation : rien n'en a été omis.
unverified-original = [Expéditeur non vérifié.]
original-waits = { $mail } attend que tu l'acceptes, et rien de ses e-mails n'est montré avant. Pour les lire : accepte { $mail }
    Pour ne rien en voir : refuse { $mail }
original-refused = Tu as refusé { $mail }, rien de ses e-mails n'est donc montré. Si tu changes d'avis : accepte { $mail }
revoke-done = { $all ->
        [yes] { $count ->
            [0] Tu n'avais aucun lien.
            [1] Ton lien ne mène plus à rien.
           *[other] Tes { $count } liens ne mènent plus à rien.
        }
       *[no] { $count ->
            [0] Ce lien ne mène à rien qui soit à toi : il a expiré, tu l'as révoqué, ou il n'a jamais existé.
            [1] Ce lien ne mène plus à rien.
           *[other] { $count } liens ne mènent plus à rien.
        }
    }
revoke-last-none = Le dernier e-mail de { $mail } n'a pas de lien, ou son lien ne mène plus à rien. Pour les précédents : « révoque » avec le lien, ou « révoque tous » pour tous tes liens.
revoke-failed = Personne ne voit plus ce que montrait le lien, mais la passerelle n'a pas pu le supprimer. Redemande-le ; si tu lis encore cela, dis-le à qui gère cette passerelle.

requests-none = Personne n'attend que tu l'acceptes.
requests-waiting = { $count ->
        [one] Une personne souhaite t'écrire.
       *[other] { $count } personnes souhaitent t'écrire.
    } { $full ->
        [yes] Au-delà, rien n'est conservé tant que tu n'en acceptes ou n'en refuses pas. Pour lire
       *[no] Pour lire
    } ce que quelqu'un a écrit, et ce qui suivra : accepte { $mail }. Pour ne rien en voir : refuse { $mail }
request-answered = une réponse à toi, que personne n'a pu vérifier
request-mails = { $count ->
        [one] un e-mail
       *[other] { $count } e-mails
    }
request-mails-left = { $mails }, et { $count } qui ne sont pas conservés ici
request-unverified = expéditeur non vérifié
request-accepted = Les e-mails de { $mail } te sont désormais affichés.
request-shown = { $count ->
        [one] Ce qui t'a été écrit est dans ta conversation.
       *[other] Les { $count } e-mails conservés sont dans ta conversation.
    }
request-left = { $count ->
        [one] Un autre n'a pas été conservé ici.
       *[other] { $count } autres n'ont pas été conservés ici.
    }
request-missed = Ce qui t'a été écrit pendant que tu le refusais n'est pas conservé.
request-confirmed = { $mail } est maintenant un de tes contacts.
request-accepted-already = Les e-mails de { $mail } te sont déjà affichés.
request-refused = Les e-mails de { $mail } ne te sont pas affichés, et personne n'en est informé. Si tu changes d'avis : accepte { $mail }
request-not-believed = Ta demande de contact à { $mail } reste ouverte jusqu'à ce que { $mail } réponde d'une façon qui puisse être vérifiée.
request-unknown = { $mail } ne t'attend pas. Pour lui écrire, envoie : { $mail } ton texte

way-none = Aucun message à { $mail } n'est connu ici.
way-no-user = « { $typed } » n'est pas un utilisateur de cette passerelle. Écris par exemple : where of alice@a.example carol@mail.example
way-last = Le dernier message à { $mail } a été pris en charge { $moment } :
way-last-saying = Le dernier message à { $mail }, { $excerpt }, a été pris en charge { $moment } :
way-server-said = Le serveur de messagerie dit : { $words }
way-last-attempt = Le dernier essai a échoué : { $words }
way-taken-back = Il a été retiré avant de partir.
way-taken = Le serveur de messagerie l'a accepté.
way-left = Il n'attend plus ici ; le serveur de messagerie l'a, et n'a rien dit d'autre.
way-late = Il a pris du retard en chemin.
way-delivered = Un serveur de messagerie signale que { $mail } l'a reçu.
way-failed = Il n'est pas parvenu à { $mail }.
way-read = Il a été lu.
way-name = Son Message-ID est { $id }.

nothing-waits = Rien n'attend : tu n'as aucun e-mail qui doive encore partir.
a-request = une invitation
excerpt = « { $text } »{ $more ->
        [0] { "" }
        [one] { " " }et 1 autre ligne
       *[other] { " " }et { $more } autres lignes
    }
mails-waiting = { $count ->
        [one] Un de tes e-mails attend.
       *[other] { $count } de tes e-mails attendent.
    } Pour en retirer un, écris par exemple : retire { $example }. Pour tenter l'envoi tout de suite : envoie maintenant { $example }
mails-waiting-more = Plus de { $count } de tes e-mails attendent ; voici les plus anciens. Pour en retirer un, écris par exemple : retire { $example }. Pour tenter l'envoi tout de suite : envoie maintenant { $example }
people = { $first } et { $others ->
        [one] une autre personne
       *[other] { $others } autres
    }
waiting-to = à { $people }
waiting-since = écrit { $moment }
not-tried = pas encore essayé
tried-times = { $count ->
        [one] essayé une fois
       *[other] essayé { $count } fois
    }
turn-comes = { $tried }, son tour vient
leaves-at = { $tried }, part { $moment }
again-at = { $tried }, à nouveau { $moment }
under-way = en chemin en ce moment
just-ended = le dernier essai vient de se terminer
taken-back = Ton e-mail à { $people } est retiré ; il n'a pas été envoyé.
taken-back-uncertain = Ton e-mail à { $people } n'est plus essayé. Un essai antérieur a été interrompu à sa fin, il est donc peut-être arrivé.
tried-now = L'envoi de ton e-mail à { $people } est tenté maintenant, après ceux que tu as écrits avant lui à la même adresse.
unchanged-under-way = Ton e-mail à { $people } est en chemin en ce moment : rien n'a été changé. Redemande quand ce sera fini.
unchanged-settling = Ton e-mail à { $people } vient d'être essayé pour la dernière fois : rien n'a été changé, et tu sauras ce qu'il en est.
unchanged-unreadable = Ton e-mail à { $people } ne peut pas être lu en ce moment : rien n'a été changé. Redemande plus tard.
unchanged-gone = Ton e-mail à { $people } n'attend plus.
none-waits-called = Aucun de tes e-mails en attente ne s'appelle « { $typed } ». Écris « en attente » pour les voir.
several-wait-called = Plusieurs de tes e-mails en attente s'appellent « { $typed }… » : écris davantage du nom.
busy = La passerelle a trop à faire en ce moment, et rien n'a été changé. Redemande dans un instant.

until-words = jusqu'au, jusqu’au, jusqu'à, jusqu’à, jusque
until-articles = à, le, au
from-words = du, à partir du, à partir de, dès, dès le
to-words = au, à, -, –, —
now-words = maintenant
onward-words = et au-delà
weekday-words = lundi; mardi; mercredi; jeudi; vendredi; samedi; dimanche
month-words = janvier, janv; février, févr; mars; avril, avr; mai; juin; juillet, juil; août; septembre, sept; octobre, oct; novembre, nov; décembre, déc
today-words = aujourd'hui, aujourd’hui
tomorrow-words = demain
next-week-words = la semaine prochaine, semaine prochaine
for-words = pendant, pour
one-words = un, une
day-words = jour, jours
week-words = semaine, semaines
away-begun = À partir de maintenant, qui t'écrit par e-mail reçoit la réponse que tu n'es pas là, au plus une fois en 7 jours : les personnes dont l'adresse est vérifiée, et aucune liste. À ton retour, écris : retour
away-begun-until = Jusqu'au { $day }, qui t'écrit par e-mail reçoit la réponse que tu n'es pas là, au plus une fois en 7 jours : les personnes dont l'adresse est vérifiée, et aucune liste. Si tu reviens plus tôt, écris : retour
away-later = À partir du { $first }, qui t'écrit par e-mail reçoit la réponse que tu n'es pas là, au plus une fois en 7 jours : les personnes dont l'adresse est vérifiée, et aucune liste. { $before ->
        [status] Avant, c'est ton statut qui décide.
       *[nobody] Avant, personne ne la reçoit.
    } Pour y renoncer, ou à ton retour, écris : retour
away-later-until = Du { $first } au { $day }, qui t'écrit par e-mail reçoit la réponse que tu n'es pas là, au plus une fois en 7 jours : les personnes dont l'adresse est vérifiée, et aucune liste. { $before ->
        [status] Avant, c'est ton statut qui décide.
       *[nobody] Avant, personne ne la reçoit.
    } Pour y renoncer, ou si tu reviens plus tôt, écris : retour
away-says = La réponse dit : « { $text } »
away-says-nothing = La réponse n'en dit pas plus ; tes propres mots peuvent suivre la commande.
away-holds = Tu n'es pas là : qui t'écrit par e-mail reçoit cette réponse. « retour » y met fin.
away-holds-until = Tu n'es pas là jusqu'au { $day } : qui t'écrit par e-mail reçoit cette réponse. « retour » y met fin.
away-planned = Tu ne seras pas là à partir du { $first } : qui t'écrira alors par e-mail recevra cette réponse. « retour » l'annule.
away-planned-until = Tu ne seras pas là du { $first } au { $day } : qui t'écrira alors par e-mail recevra cette réponse. « retour » l'annule.
away-by-status = Tu n'es pas là, comme le dit ton statut : qui t'écrit par e-mail le reçoit en réponse, jusqu'à ce que ton statut change.
away-asks-for-status = La passerelle demande à voir ton statut : permets-le dans ton logiciel. Dès lors, le statut « non disponible » (absence prolongée) avec tes mots répond à qui t'écrit par e-mail.
away-unverified = Mais pour l'instant, personne ne reçoit de réponse : cette passerelle ne vérifie aucun expéditeur et ne répond donc à personne. Qui la gère peut changer cela : [trust] dans sa configuration.
away-unverified-ask = Mais pour l'instant, personne ne reçoit de réponse : cette passerelle ne vérifie aucun expéditeur et ne répond donc à personne. Qui la gère peut changer cela ([trust] dans sa configuration) ; demande ici : { $who }
away-waits-for-status = « away-on-xa » est actif, mais la passerelle ne voit pas ton statut : accepte dans ton logiciel la demande de contact de { $helper }. Pour qu'elle soit refaite, écris : set away-on-xa on
away-status-refused = La passerelle n'a pas le droit de voir ton statut : il ne répond donc à personne, et « away-on-xa » est de nouveau désactivé. Pour que la demande soit refaite, écris : set away-on-xa on
away-ended = Bon retour. Plus personne ne reçoit la réponse que tu n'es pas là.
away-called-off = C'est annulé : personne ne recevra la réponse que tu n'es pas là.
away-not = Ton absence n'était pas annoncée : personne ne reçoit de réponse automatique.
away-no-day = « { $typed } » n'est pas un jour de l'année à venir. Écris-le ainsi : absence jusqu'au 2026-12-24 Je suis à la montagne
away-no-first = « { $typed } » n'est pas un jour de l'année à venir. Écris-le ainsi : absence du 2026-12-24 au 2027-01-02 Je suis à la montagne
away-backwards = Le dernier jour, { $day }, est avant le premier, { $first }. Écris-le ainsi : absence du 2026-12-24 au 2027-01-02 Je suis à la montagne
away-too-long = C'est plus de { $max } caractères. Écris-en moins.

export-link = Tout ce que cette passerelle a enregistré sur toi est dans ce fichier, que peut lire quiconque en a l'adresse, jusqu'au { $day } : { $link }
export-messages = { $count ->
    [one] Tout ce que cette passerelle a enregistré sur toi suit, en un message.
   *[other] Tout ce que cette passerelle a enregistré sur toi suit, en { $count } messages.
}
export-cut = Il y en a plus qu'il n'en tient ici. Qui gère cette passerelle peut te donner le tout.
export-failed = Ce qui est enregistré sur toi ne peut pas être lu en ce moment, ou il n'y a pas de place pour un fichier. Réessaie plus tard.
export-about-user = Qui tu es pour cette passerelle, et quand ceci a été écrit. Les heures sont des millisecondes depuis 1970, ou des dates en UTC.
export-about-waiting = Un e-mail de toi qui n'est pas encore parti.
export-about-kept = Un e-mail ou un fichier que la passerelle garde pour toi, avec son lien et jusqu'à quand, ou combien il y en a.
export-about-pair = Une adresse e-mail qui t'appartient ou qui a été créée pour un de tes contacts.
export-about-options = Ce que tu as choisi, pour tous les contacts ou pour celui qui est nommé, et ce que la passerelle a lu de ton statut et de ta carte.
export-about-contact = Quelqu'un avec qui tu as affaire : ce qu'on en sait et qui peut voir le statut de qui.
export-about-thread = Une conversation par e-mail : à quels e-mails se rattache ta prochaine réponse.
export-about-message = Un message ou un e-mail : ses noms, son heure et au plus ses premiers mots.
export-about-seen = La marque d'un e-mail traité, ou de quelque chose qui t'a été dit, pour que cela n'arrive pas deux fois.
export-about-announced = Ce qui a été dit en dernier de ton statut aux contacts d'autres passerelles.
export-about-avatar = L'image d'un contact.
forget-me-sure = Cela supprime tout ce que cette passerelle a enregistré sur toi : tes contacts et tes choix, ce qu'elle sait de tes messages, les e-mails et fichiers qu'elle garde, et tes e-mails qui attendent encore. C'est définitif. Si c'est ce que tu veux, écris : oublie-moi oui
forget-me-kept = Rien n'est supprimé. Tout reste comme avant.
forget-me-nothing = Rien n'était enregistré sur toi.
forget-me-done = Tout ce que cette passerelle avait enregistré sur toi est supprimé. Contacts : { $contacts } ; messages : { $messages } ; conversations : { $threads } ; choix : { $options } ; marques d'e-mails traités : { $marks } ; e-mails et fichiers gardés : { $kept } ; e-mails qui attendaient : { $waiting }.
forget-me-under-way = Pas supprimés, car en chemin en ce moment : { $count }.
forget-me-left = Les e-mails remis sont là où ils ont été remis, et les tiens dans ton logiciel et sur son serveur ; le journal de la passerelle peut encore te nommer quelque temps. Si tu te sers à nouveau de la passerelle, tout recommence.
word-all = tous
word-yes = oui
word-no = non
yes-alone = « { $typed } » seul ne fait rien : la passerelle ne retient aucune question. Si on t'a demandé s'il faut supprimer tout ce qui est enregistré sur toi, et que tu le veux, écris : { $command }
no-alone = Rien n'a été fait : la passerelle ne retient aucune question et n'attend aucune réponse.

admin-nothing-waits = Rien n'attend d'être envoyé, et rien n'est en quarantaine.
admin-no-pair = Aucune paire n'est enregistrée ; les règles de la configuration valent.
admin-no-format = Aucun format n'est enregistré ni appris ; ceux de la configuration valent.
admin-done = Fait.

### Commandes

write-title = Écrire à une adresse e-mail
write-words = écris, écrire, écris à, écrire à, discuter avec, envoie un e-mail à, envoyer un e-mail à, envoie un mail à, envoyer un mail à, e-mail à, message à, nouveau message à
open-words = ajoute, ajouter, invite, inviter, nouveau contact
sentence-words = que, qu'il, qu'elle, qu'on, si, pour, concernant, à propos, au sujet, parce que
and-words = et
write-example = carol@mail.example Bonjour !
write-help = écrit à cette adresse ; sans texte, ou avec « ajoute carol@mail.example », ouvre seulement la conversation
write-ask = À qui veux-tu écrire ? Tu reçois l'adresse de discussion par laquelle on joint cette personne.
write-title-text = Ton premier message
write-ask-text = Que veux-tu dire ? Tu peux laisser ceci vide et écrire dans la conversation.

my-address-title = Mon adresse e-mail
my-address-words = mon adresse, adresse, qui suis-je, mon adresse e-mail, quelle est mon adresse, quelle est mon adresse e-mail
my-address-example = mon adresse
my-address-help = dit par quelle adresse e-mail on te joint

my-name-title = Mon nom dans les e-mails
my-name-words = je m'appelle, mon nom est, mon nom
my-name-example = mon nom est Alice Liddell
my-name-help = c'est ainsi que tes e-mails te nomment ; « mon nom est default » l'annule
my-name-ask = Comment veux-tu t'appeler dans tes e-mails ?

contacts-title = Mes contacts e-mail
contacts-words = mes contacts, liste, montre mes contacts, affiche mes contacts, liste des contacts, liste mes contacts
contacts-example = mes contacts
contacts-help = liste les adresses e-mail avec lesquelles tu es en rapport

remove-title = Supprimer un contact e-mail
remove-words = supprime, supprimer, oublie, oublier, efface, effacer
remove-example = supprime carol@mail.example
remove-help = oublie un contact, et ce que tu as choisi pour lui
remove-ask = Lequel de tes contacts faut-il oublier ?

original-title = Un e-mail entier
original-words = e-mail entier, montre original
original-example = e-mail entier carol@mail.example
original-help = montre tout le dernier e-mail de cette adresse, avec ce qu'il cite
original-ask = De qui veux-tu voir le dernier e-mail avec tout ce qu'il cite ?

revoke-title = Rendre des liens inutilisables
revoke-words = révoque, révoquer, révoque le lien
revoke-example = révoque carol@mail.example
revoke-help = rend inutilisable le lien vers le dernier e-mail entier de cette adresse, et ceux vers ses fichiers ; suivi d'un lien, ce lien ; suivi de « tous », tous les tiens
revoke-ask = Indique le lien d'un e-mail ou d'un fichier ; ou une adresse e-mail, pour le dernier e-mail qui en vient ; ou « tous », pour tous tes liens.

requests-title = Qui attend d'être accepté
requests-words = demandes, demandes de contact, qui attend, inconnus
requests-example = demandes
requests-help = liste les personnes qui souhaitent t'écrire

accept-title = Accepter quelqu'un qui attend
accept-words = accepte, accepter
accept-example = accepte eve@mail.example
accept-help = t'affiche ce que cette adresse a écrit, et écrira désormais
accept-ask = De qui veux-tu voir les e-mails ?

refuse-title = Refuser quelqu'un qui attend
refuse-words = refuse, refuser, rejette, rejeter
refuse-example = refuse eve@mail.example
refuse-help = ne t'affiche rien de cette adresse ; personne n'en est informé
refuse-ask = De qui ne veux-tu pas voir les e-mails ?

block-title = Bloquer une adresse e-mail
block-words = bloque, bloquer
block-example = bloque eve@mail.example
block-help = ne t'affiche plus d'e-mails de cette adresse ; personne n'en est informé, sauf qui gère la passerelle avec « bloque spam eve@mail.example »
block-ask = De qui ne veux-tu plus voir les e-mails ? Personne n'en est informé.

unblock-title = Débloquer une adresse e-mail
unblock-words = débloque, débloquer
unblock-example = débloque eve@mail.example
unblock-help = t'affiche à nouveau ses e-mails
unblock-ask = De qui veux-tu revoir les e-mails ?

waiting-title = Mes e-mails en attente
waiting-words = en attente, file d'attente, mes e-mails en attente, combien d'e-mails attendent, combien de mails attendent
waiting-example = en attente
waiting-help = liste ceux de tes e-mails qui ne sont pas encore partis, et pourquoi

cancel-title = Retirer un e-mail en attente
cancel-words = retire, retirer, annule, annuler
cancel-example = retire 3fa91c
cancel-help = retire un e-mail qui attend encore ; « en attente » dit son nom
cancel-ask = Lequel de tes e-mails ne doit pas partir ?

send-now-title = Essayer tout de suite un e-mail en attente
send-now-words = envoie maintenant, envoyer maintenant
send-now-example = envoie maintenant 3fa91c
send-now-help = fait essayer tout de suite un e-mail qui attend
send-now-ask = Lequel de tes e-mails faut-il essayer tout de suite ?

where-title = Ce qu'est devenu mon dernier message
where-words = où est mon message à, qu'est devenu mon message à
where-example = où est mon message à carol@mail.example
where-help = dit ce qu'est devenu ton dernier message à cette adresse
where-ask = À qui as-tu écrit ?

away-title = Répondre que je ne suis pas là
away-words = absence, je suis en absence, vacances, pause, absent, absente, je suis absent, je suis absente, en vacances, je suis en vacances
away-example = absence jusqu'au 2026-12-24 Je suis à la montagne
away-help = répond avec tes mots aux personnes qui t'écrivent par e-mail ; sans jour, jusqu'à ce que tu écrives « retour » ; « absence à partir de demain jusqu'à vendredi » commence demain ; avec « set away-on-xa on », ton statut fait de même
away-ask = Qui t'écrit par e-mail reçoit au plus une réponse en 7 jours. Jusqu'à quand, et que dit-elle ?

back-title = Je suis de retour
back-words = retour, je suis de retour, me revoilà, je suis rentré, je suis rentrée, me voilà
back-example = retour
back-help = met fin à ce que « absence » a commencé

options-title = Montrer mes options
options-words = mes options, réglages, préférences
options-example = options
options-help = montre comment les e-mails te sont affichés, et ce que tu peux choisir d'autre
options-ask = Qu'est-ce qui vaut pour tous les contacts, ou pour l'un d'eux ?

set-title = Changer une option
set-words = règle, régler
set-example = set quotes keep carol@mail.example
set-help = change une option pour un contact ; sans adresse, pour tous ; « default » l'annule ; « set language de » change la langue
set-ask = Qu'est-ce qui doit changer, et pour qui ?

export-title = Recevoir tout ce qui est enregistré sur moi
export-words = exporte, exporter, exporte mes données, mes données
export-example = exporter
export-help = te donne tout ce que la passerelle a enregistré sur toi

forget-me-title = Supprimer tout ce qui est enregistré sur moi
forget-me-words = oublie-moi, supprime mes données, oublie moi, supprime-moi, supprime mon compte
forget-me-example = oublie-moi
forget-me-help = supprime, après confirmation, tout ce que la passerelle a enregistré sur toi
forget-me-ask = Tout ce que cette passerelle a enregistré sur toi est supprimé, et tes e-mails en attente ne partent pas. C'est définitif. Est-ce ce que tu veux ?

help-title = Aide
help-words = aide, commandes
help-example = aide
help-help = montre ceci

## Celles de l'administration

status-words = état
status-title = Admin : état
status-example = status
status-help = dit comment va la passerelle

queue-list-title = Admin : e-mails en attente, de tous
queue-list-words = queue list
queue-list-example = queue list
queue-list-help = liste ce qui attend, de tous les utilisateurs, et ce qui est en quarantaine

queue-show-title = Admin : un e-mail en attente
queue-show-words = queue show
queue-show-example = queue show ID
queue-show-help = montre ce qu'on en sait, avec l'en-tête de l'e-mail
queue-show-form = Un e-mail en attente
queue-show-ask = Lequel ? « queue list » montre les noms dans sa première colonne.

queue-retry-title = Admin : essayer maintenant
queue-retry-words = queue retry
queue-retry-example = queue retry ID
queue-retry-help = l'essaie maintenant ; sans ID, tous ceux qui attendent
queue-retry-form = Essayer maintenant
queue-retry-ask = Lequel ? Laisse vide pour tous.

queue-drop-title = Admin : supprimer un e-mail
queue-drop-words = queue drop
queue-drop-example = queue drop ID
queue-drop-help = le retire ; son expéditeur reçoit une erreur, sauf avec « queue drop ID silent »
queue-drop-form = Supprimer un e-mail
queue-drop-ask = Lequel ? Son expéditeur reçoit une erreur, sauf si tu écris « silent ».

map-list-title = Admin : toutes les paires
map-list-words = map list
map-list-example = map list
map-list-help = liste les paires de JID et d'adresses e-mail

map-find-title = Admin : chercher une paire
map-find-words = map find
map-find-example = map find alice@a.example
map-find-help = montre la paire d'un JID ou d'une adresse
map-find-form = Chercher une paire
map-find-ask = De qui ?

map-add-title = Admin : enregistrer une paire
map-add-words = map add
map-add-example = map add alice@a.example alice@mail.example Alice
map-add-help = enregistre une paire, avec un nom ou sans
map-add-form = Enregistrer une paire
map-add-ask = Cette adresse e-mail correspond à ce JID.

map-remove-title = Admin : oublier une paire
map-remove-words = map remove
map-remove-example = map remove alice@a.example
map-remove-help = oublie la paire d'un JID ou d'une adresse
map-remove-form = Oublier une paire
map-remove-ask = De qui ?

peer-list-title = Admin : tous les formats
peer-list-words = peer list
peer-list-example = peer list
peer-list-help = liste comment s'écrivent les e-mails aux adresses et aux domaines

peer-set-title = Admin : fixer un format
peer-set-words = peer set
peer-set-example = peer set chat.b.example xmpp
peer-set-help = dit comment s'écrivent les e-mails à une adresse ou à un domaine : mail, chat ou xmpp ; « peer remove » l'annule
peer-set-form = Fixer un format
peer-set-ask = Comment s'écrivent les e-mails à cette adresse ou à ce domaine ?

peer-remove-title = Admin : oublier un format
peer-remove-words = peer remove
peer-remove-example = peer remove chat.b.example
peer-remove-help = oublie un format
peer-remove-form = Oublier un format
peer-remove-ask = De qui ?

users-list-title = Admin : utilisateurs dont quelque chose est enregistré
users-list-words = users list
users-list-example = users list
users-list-help = liste les utilisateurs, le nombre de leurs contacts et le jour du dernier message

users-show-title = Admin : ce qui est enregistré sur un utilisateur
users-show-words = users show
users-show-example = users show alice@a.example
users-show-help = dit combien est enregistré sur un utilisateur, et rien de ce qui a été écrit
users-show-form = Ce qui est enregistré sur un utilisateur
users-show-ask = De qui ?

users-forget-title = Admin : oublier un utilisateur
users-forget-words = users forget
users-forget-example = users forget alice@a.example
users-forget-help = supprime aussitôt tout ce qui est enregistré sur un utilisateur
users-forget-form = Oublier un utilisateur
users-forget-ask = De qui faut-il tout supprimer ? C'est fait aussitôt, et c'est définitif.

announce-title = Admin : annoncer à tous
announce-words = annonce
announce-example = annonce Ce soir de 21 h à 22 h, aucun e-mail ne passera.
announce-help = le dit à tous ceux dont quelque chose est enregistré ; répété le même jour, à ceux qui ne l'ont pas reçu
announce-form = Annoncer à tous
announce-ask = Que faut-il dire à tous ceux qui se servent de cette passerelle ?

reload-title = Admin : relire la configuration
reload-words = reload
reload-example = reload
reload-help = fait relire la configuration

log-level-title = Admin : niveau du journal
log-level-words = log level
log-level-example = log level debug
log-level-help = change ce qui est journalisé, jusqu'à ce que « reload » relise la configuration
log-level-form = Niveau du journal
log-level-ask = Que faut-il journaliser, jusqu'à ce que la configuration soit relue ?

where-of-title = Admin : ce qu'est devenu le dernier message d'un utilisateur
where-of-words = where of
where-of-example = where of alice@a.example carol@mail.example
where-of-help = dit ce qu'est devenu le dernier message d'un utilisateur à une adresse
where-of-form = Ce qu'est devenu le dernier message d'un utilisateur
where-of-ask = Le message de qui, et à qui ?

## Champs et colonnes

label-mail-address = Adresse e-mail
label-message = Message
label-your-name = Ton nom
label-name = Nom
label-chat-address = Adresse de discussion
label-reached = Joint
label-trouble = Problème
label-verified = Vérifié
label-last-message = Dernier message
label-which-mail = Quel e-mail
label-short-name = Nom
label-who = Qui
label-mails = E-mails
label-to = À
label-text = Texte
label-last-day = Dernier jour, comme 2026-12-24
label-away-text = Ce que dit la réponse
label-announcement = Ce qui est dit
label-since = Depuis
label-next-attempt = Prochain essai
label-why = Pourquoi
label-one-contact = Adresse e-mail d'un contact (vide : tous les contacts)
label-option = Option
label-value = Valeur
label-meaning = Ce que cela signifie
label-whose = Qui l'a choisi
label-choose = Ce qu'il y a d'autre
label-mail-address-or-name = Adresse e-mail ou nom
label-link-or-address = Lien ou adresse e-mail
label-link = Lien
label-report-spam = Est-ce du spam ?
label-sure = Tout supprimer ?
label-id = ID
label-silent = « silent », ou vide
label-jid-or-mail-address = JID ou adresse e-mail
label-jid = JID
label-jid-of-user = JID de l'utilisateur
label-mail-address-or-domain = Adresse e-mail ou domaine
label-format = mail, chat ou xmpp
label-log-level = error, warn, info, debug ou trace
