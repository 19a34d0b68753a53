# Español. Se tutea; lo que va entre llaves puede venir de un desconocido y queda tal cual.

language = español
# As users of any language may call it.
language-called = español, espanol, castellano, spanish, spanisch, espagnol, испанский

### Lo que dijo un servidor de correo

no-reason = el servidor de correo no dio ningún motivo
dropped = la administración de la pasarela de correo lo descartó
not-reached = no se pudo contactar con el servidor de correo

## Correos del usuario

refused = { $certain ->
        [yes] El mensaje a { $mail } no se entregó: { $why }
       *[no] Es posible que el mensaje a { $mail } no se haya entregado: { $why }
    }
expired = { $certain ->
        [yes] El mensaje a { $mail } no se entregó
       *[no] Es posible que el mensaje a { $mail } no se haya entregado
    }: se intentó sin éxito durante { $days ->
        [one] un día
       *[other] { $days } días
    }; la última respuesta fue: { $why }
undelivered = No entregado: { $reason }.
    { $why }
undelivered-excerpt = No entregado: { $excerpt } – { $reason }.
    { $why }
undelivered-no-address = esa dirección no existe
undelivered-mailbox-full = el buzón está lleno
undelivered-too-big = es demasiado grande
undelivered-not-allowed = el servidor de correo no lo permite
undelivered-too-long = no se pudo contactar con el servidor de correo durante demasiado tiempo
undelivered-other = el servidor de correo no lo aceptó
forwarded-not-delivered = El mensaje a { $mail } se reenvió a { $other } y no se entregó: { $why }
late = El mensaje a { $mail } sigue en camino: { $why } El servidor de correo lo sigue intentando; no tienes que hacer nada.
delayed = El mensaje a { $mail } lleva esperando { $hours ->
        [one] una hora
       *[other] { $hours } horas
    }: { $why } La pasarela lo sigue intentando; no tienes que hacer nada.
one-of-its-recipients = uno de sus destinatarios
failed-before = El mensaje a { $mail } no se entregó, como ya se te avisó; escríbelo de nuevo para volver a intentarlo.

status-available = por correo electrónico
status-trouble = el correo no llega: { $why }

## Al remitente de un correo que el servidor XMPP no acepta

returned = Tu correo a { $mail } no se entregó: { $why } (XMPP: { $condition }).
returned-said = La respuesta fue: { $words }
returned-footer = Este aviso viene de la pasarela de correo de un sistema de mensajería instantánea. Recibirás como máximo uno por hora.
returned-subject = Correo no entregado
returned-from = Sistema de entrega de correo
returned-no-user = ese usuario no existe
returned-no-user-or-away = ese usuario no existe, o no está disponible en este momento y no se guarda nada para él
returned-moved = el usuario cambió de dirección
returned-away = el usuario no está disponible en este momento
returned-no-room = no hay espacio para más mensajes a este usuario
returned-no-server = no se encuentra el servidor del usuario
returned-silent-server = el servidor del usuario no responde
returned-not-allowed = el usuario o su servidor no lo permite
returned-other = el servidor del usuario no lo aceptó

## Correos que se muestran o no

in-quotes = «{ $text }»

whole-mail = El correo completo: { $url }
rest-too-long = [El resto es demasiado largo para un mensaje.]
cut = { $kept ->
        [mailbox] [El texto continúa; el correo completo ocupa { $size } y está en el buzón.]
        [here] [El texto continúa; el correo completo ocupa { $size }.]
       *[nowhere] [El texto continúa; el correo completo ocupa { $size } y no se conserva.]
    }
too-large = [Este correo ocupa { $size }, más de los { $max } que lee la pasarela. Está en el buzón.]
empty-mail = [correo vacío]
unverified = [Remitente no verificado. Este aviso aparece una vez al día.]
first-mail = [{ $who } te escribe por primera vez.]
first-bulk-mail = [{ $who } escribe a mucha gente, y a ti por primera vez.]
unverified-answer = [Nadie pudo verificar que esto sea de { $mail }, así que tu solicitud de contacto sigue pendiente. Si sabes que lo es, acepta la solicitud de { $mail } o escribe a la pasarela: acepta { $mail }]
stranger-asks = { $who } quiere escribirte. Para leer su correo, acepta la solicitud de contacto o escribe aquí: acepta { $mail }
    Para no ver nada: rechaza { $mail }
stranger-asks-saying = { $who } quiere escribirte: { $preview }. Para leer su correo, acepta la solicitud de contacto o escribe aquí: acepta { $mail }
    Para no ver nada: rechaza { $mail }
status-stranger-asks = { $mail } quiere escribirte
status-stranger-asks-saying = { $mail } quiere escribirte: { $preview }
# Behind each of the four.
unverified-stranger = Nadie pudo verificar que esto sea de { $mail }.
status-unverified-answer = Alguien respondió como { $mail }, y nadie pudo verificarlo.
strangers-wait = Te llegó un correo de alguien con quien nunca has tratado, y está en espera. Para ver quién espera, escribe aquí: solicitudes
more-attachments = { $kept ->
        [mailbox] [y { $count } más, en el buzón]
       *[nowhere] [y { $count } más]
    }
lies-in-mailbox = el archivo está en el buzón
lies-here = el archivo está en el correo completo
lies-nowhere = el archivo no se conserva
not-hosted-over = el servidor no acepta archivos de más de { $max }; { $lies }
not-hosted-too-big = demasiado grande para el servidor; { $lies }
not-hosted-refused = el servidor no lo acepta ({ $words }); { $lies }
not-hosted-silent = el servidor no respondió; { $lies }
not-hosted-limit = más archivos de los que pueden llegar en un día; { $lies }
not-hosted-per-mail = de un correo solo se muestran { $max } archivos; { $lies }
a-mail = Un correo
a-mail-from = Un correo de { $mail }
not-shown = { $kept ->
        [mailbox] { $what } no se pudo mostrar: la pasarela de correo falló al procesarlo, y el defecto es de la pasarela. El correo está en el buzón.
       *[nowhere] { $what } no se pudo mostrar: la pasarela de correo falló al procesarlo, y el defecto es de la pasarela. El correo se conserva para su administración.
    }
too-big = { $kept ->
        [mailbox] { $what } no se pudo mostrar: es demasiado grande para el servidor XMPP. Está en el buzón.
       *[nowhere] { $what } no se pudo mostrar: es demasiado grande para el servidor XMPP. Se rechazó.
    }
welcome = ¡Te damos la bienvenida! Aquí chateas con personas que tienen correo electrónico. Un correo a { $mail } llega como un mensaje de quien lo escribió; lo que respondes le llega por correo. Para escribir a alguien nuevo, envía aquí, por ejemplo: carol@mail.example ¡Hola! Con «ayuda» ves qué más se puede hacer.
mails-wait = Te llegan más correos de los que se muestran en un minuto ({ $limits }). Los demás esperan y llegarán después.
mails-wait-from-one = { $count } de un mismo remitente
held-failed = { $kept ->
        [mailbox] Un correo que dice ser de { $mail } no superó la autenticación y está en el buzón.
       *[nowhere] Un correo que dice ser de { $mail } no superó la autenticación y se rechazó.
    }
held-unverified = { $kept ->
        [mailbox] Un correo que dice ser de { $mail } no se pudo autenticar y está en el buzón.
       *[nowhere] Un correo que dice ser de { $mail } no se pudo autenticar y se rechazó.
    }
held-unread = { $kept ->
        [mailbox] Un correo que dice ser de { $mail } tiene un encabezado demasiado largo para verificarlo y está en el buzón.
       *[nowhere] Un correo que dice ser de { $mail } tiene un encabezado demasiado largo para verificarlo y se rechazó.
    }
held-ask = Si no puedes abrir ese buzón, pregunta a quien lleva esta pasarela: { $who }
held-as-well = { $count ->
        [one] Desde el último aviso llegó un correo más de remitente dudoso; no se muestra.
       *[other] Desde el último aviso llegaron { $count } correos más de remitente dudoso; no se muestran.
    }
nobody-to-be-read = un remitente ilegible
unshowable-sender = [Un correo de { $mail }, cuya dirección no puede ser una dirección de chat (JID); no puedes responder desde aquí.]
nameless-sender = [Un correo que indica como remitente { $words }, que no es una dirección; no puedes responder.]
silent-sender = [Un correo que no dice quién lo envió; no puedes responder.]
answer-goes-to = [Tu respuesta va a { $mail }: este remitente quiere recibir ahí las respuestas.]
unanswerable = La dirección de este remitente no puede ser una dirección de chat (JID), así que no se le puede escribir desde aquí; responde con un programa de correo.
nobody = El mensaje a { $mail } no se entregó: la dirección lleva a esta pasarela, que no tiene ningún usuario con ese nombre. Revisa la dirección y escribe de nuevo.

recipients = Para: { $names }
recipients-more = Para: { $names } y { $more } más
you = ti

## Correos a personas que los leen en un programa de correo

correction = Corrección: { $text }
reaction = { $emoji } a tu mensaje
reaction-to = { $emoji } a { $excerpt }
reaction-taken-back = [retiró una reacción a tu mensaje]
reaction-taken-back-of = [retiró la reacción a { $excerpt }]
corrected = { $text }

    (Antes decía: { $excerpt })
you-quote = { $name } escribió:
you-quote-yourself = Yo escribí:
not-attached = El archivo { $name } no se pudo adjuntar al correo: { $why }. En su lugar, el correo lleva el enlace.
too-big-to-attach = los archivos adjuntos pueden ocupar { $max } como máximo
files-over-limit = es más de lo que se permite en un día
file-as-link-big = [{ $name } ({ $size }) es demasiado grande para este correo. El enlace de arriba lleva al archivo, mientras { $host } lo conserve.]
file-as-link-too-big = [{ $name } es demasiado grande para este correo. El enlace de arriba lleva al archivo, mientras { $host } lo conserve.]
file-as-link = [{ $name } no se pudo adjuntar. El enlace de arriba lleva al archivo, si { $host } aún lo tiene.]

invitation-subject = { $name } quiere chatear contigo
invitation-hello =
    Hola:

    { $name } quiere chatear contigo y te escribe desde una aplicación de mensajería instantánea; tú solo necesitas tu programa de correo.
invitation-words = { $name } escribe: { $words }
invitation-how =
    Para aceptar, responde a este correo. Lo que escribas le llegará a { $name } como mensaje de chat, y los mensajes de { $name } te llegarán como correos de { $mail }.

    Para rechazar, responde solo con la palabra «no» o no hagas nada: no se te volverá a preguntar durante al menos una semana.
invitation-by = Este es un servicio de { $organisation }.
invitation-accept = Aceptar
invitation-yes = Sí

away-subject = { $name } no está
away-text = { $name } no está en este momento y leerá tu correo más tarde.
away-by-program = [Responde un programa en lugar de { $name }, como mucho una vez en 7 días.]

subscribe-subject = { $name } quiere ver cuándo estás en línea
subscribe-text = { $name } ({ $mail }) quiere ver cuándo estás en línea.
subscribed-subject = { $name } te deja ver su presencia
subscribed-text = { $name } ({ $mail }) te deja ver cuándo está en línea.
unsubscribe-subject = { $name } ya no sigue tu presencia
unsubscribe-text = { $name } ({ $mail }) ya no quiere ver cuándo estás en línea.
unsubscribed-subject = { $name } ya no te muestra su presencia
unsubscribed-text = { $name } ({ $mail }) no te deja ver cuándo está en línea, o ha dejado de hacerlo.
presence-online = { $name } está en línea
presence-away = { $name } está ausente
presence-xa = { $name } estará ausente mucho tiempo
presence-dnd = { $name } no quiere interrupciones
presence-offline = { $name } no está en línea
for-gateways = Este correo va de un sistema de mensajería instantánea a otro (XMPP por correo electrónico); no tienes que hacer nada.

without-text-received = { $name } recibió tu mensaje.
without-text-read = { $name } leyó tu mensaje.
without-text-reaction = { $name } reaccionó a un mensaje: { $emoji }
without-text-reaction-taken-back = { $name } retiró una reacción.
without-text-retraction = { $name } retiró un mensaje.
without-text-other = { $name } envió algo que solo muestra una aplicación de mensajería instantánea.

## Por qué algo no se acepta

outsider = Esta pasarela de correo es solo para los usuarios de { $domains }; pide a su administración que te dé acceso.
outsider-certain = Esta pasarela de correo es solo para determinados usuarios; pide a su administración que te dé acceso.
no-address = { $error }. A carol@mail.example se le escribe como carol\40mail.example@{ $gateway } o carol%mail.example@{ $gateway }.
address-form = «{ $typed }» no tiene la forma nombre@dominio
address-length = «{ $typed }» es demasiado largo para una dirección de correo (250 bytes antes de la @, 255 después)
address-local = «{ $typed }» contiene un carácter que no puede ir antes de la @ de una dirección de correo
address-domain = «{ $typed }» no es un nombre de dominio
no-chat-address = { $mail } no puede ser una dirección de chat ({ $error })
no-jid = «{ $typed }», en la lista de destinatarios, no es un JID ({ $error })
not-a-contact = Esta es la propia pasarela de correo. A carol@mail.example se le escribe como carol\40mail.example@{ $gateway }.
user-has-no-mail = No hay ninguna dirección de correo para { $user }; pide a la administración de la pasarela de correo que añada una regla o un par.
address-is-reserved = La dirección de correo { $mail }, que según las reglas sería la tuya, está reservada a quien administra el dominio de correo; pide a la administración de la pasarela de correo un par con otra dirección.
address-is-taken = La dirección de correo { $mail }, que según las reglas sería la tuya, pertenece a otra persona; consulta a la administración de la pasarela de correo.
you-blocked = Has bloqueado a { $mail } y no verías sus respuestas. Para escribir ahí, dile antes a la pasarela de correo: desbloquea { $mail }
contact-denied = La administración de la pasarela de correo no permite enviar correos a { $mail }.
known-as = { $mail } ya es tu contacto { $jid }; elimina primero uno de los dos.
default-subject = Chat con { $name }
chat-subject = Mensaje de { $name }
encrypts = [Este correo está cifrado y esta pasarela no puede leerlo. Si el programa de { $mail } solo acepta correo cifrado, como hace Delta Chat si no se le indica otra cosa, lo que escribes no se muestra allí: pide otra dirección, o que allí se permita el correo sin cifrar.]
encrypted = Esta pasarela no puede transmitir mensajes cifrados de extremo a extremo; desactiva el cifrado para este contacto y vuelve a enviar el mensaje.
encrypted-file = Este archivo está cifrado para aplicaciones de chat, y nadie que lo reciba por correo podría abrirlo; desactiva el cifrado para este contacto y vuelve a enviarlo.
body-too-long = El mensaje tiene { $octets } bytes y la pasarela acepta { $max } como máximo; envíalo por partes.
not-taken-back = [Este mensaje no se puede retirar: ya salió por correo, o puede que haya salido.]
taken-back-in-time = [Este mensaje se retiró antes de salir: nadie lo ha visto.]
not-yours = [Este mensaje no es tuyo, así que no puedes retirarlo.]
unknown-message = [El mensaje que quieres retirar no se conoce aquí: no se envió desde esta conversación, o hace demasiado tiempo. No se retiró nada.]
reaction-has-left = [Tu reacción ya salió por correo, o puede que haya salido, y no se puede retirar.]
no-calls = [Este contacto se comunica por correo y no puede recibir llamadas; mejor escríbele.]
no-rooms = Este contacto se comunica por correo y no puede entrar en salas; mejor envíale la dirección de la sala.
no-attention = Este contacto se comunica por correo y solo ve mensajes; mejor escríbele.
no-groupchat = Esta pasarela no transmite mensajes de grupo; escribe a un contacto.
too-many-recipients = El mensaje tiene { $count } destinatarios y la pasarela acepta { $max } como máximo; envíalo a menos personas.
sent-too-much = Puedes enviar { $count } correos por hora (cada destinatario cuenta) y ya los has enviado. El mensaje no se envió; vuelve a intentarlo dentro de { $again }.
sent-too-much-to-one = Puedes enviar { $count } correos por hora a una misma dirección y ya los has enviado a { $mail }. El mensaje no se envió; vuelve a intentarlo dentro de { $again }.
sent-too-much-by-all = Los usuarios de { $domain } pueden enviar en total { $count } correos por hora (cada destinatario cuenta) y ya los han enviado. El mensaje no se envió; vuelve a intentarlo dentro de { $again } o consulta a la administración de la pasarela de correo.
too-many-strangers = Puedes escribir a { $count } direcciones nuevas al día y ya lo has hecho. No se envió nada; vuelve a intentarlo dentro de { $again } o consulta a la administración de la pasarela de correo.
in-seconds = { $count ->
        [one] un segundo
       *[other] { $count } segundos
    }
in-minutes = { $count ->
        [one] un minuto
       *[other] { $count } minutos
    }
in-hours = { $count ->
        [one] una hora
       *[other] { $count } horas
    }
unanswered-requests = La pasarela de correo recibe demasiadas peticiones tuyas y no responde a todas; vuelve a preguntar en unos segundos.
unwritable = { $error }. El mensaje no se envió.
unwritable-address = La dirección { $mail } no puede figurar en un correo
unwritable-other = El mensaje no se puede escribir como correo: { $why }
no-room = La pasarela de correo no puede aceptar mensajes en este momento (su disco está lleno o falla). El mensaje no se envió; vuelve a intentarlo más tarde.
failed = La pasarela de correo falló al procesar esto, y el defecto es de la pasarela; no se envió nada. Se conserva para su administración.
unknown-request = La pasarela de correo no conoce esta petición.
no-answer-to-all = Esto no responde a ningún correo dirigido a varias personas, o responde a uno dirigido a más de las que la pasarela puede alcanzar; escríbelo sin /all. El mensaje no se envió.
nothing-for-all = Escribe después de /all lo que deban leer todos los que tienen el correo. El mensaje no se envió.
too-many-requests = La pasarela envía como máximo { $max } solicitudes de contacto y respuestas a un mismo contacto por hora; vuelve a intentarlo más tarde.

## La página de un correo

page-without-subject = Correo sin asunto
page-until = Quien tenga la dirección de esta página puede leer el correo hasta el { $when }.
page-show-remote = Mostrar las imágenes externas
page-remote-tells = (quien las aloja sabrá que lees el correo)
page-hide-remote = Ocultar las imágenes externas
page-text-cut = El resto del texto está en el archivo.
page-more-files = Hay más archivos en el propio correo, más abajo.
page-from = De
page-to = Para
page-cc = Cc
page-date = Fecha
page-and-more = y { $more } más
page-as-sent = Tal como se envió
page-as-text = Como texto sin formato
page-text = Texto
page-files = Archivos
page-all-fields = Todos los campos del encabezado
page-as-file = El correo como archivo (.eml)

## La página donde se escribe una dirección de correo y se recibe el contacto

write-page-title = Escribir por chat a una dirección de correo
write-page-about = La pasarela { $gateway } une el chat (XMPP) y el correo electrónico. Si tienes una cuenta en un servidor de chat al que atiende, desde allí escribes a cualquiera que tenga una dirección de correo: tu mensaje llega como correo, y la respuesta te vuelve como mensaje. Escribe la dirección y recibes el contacto para tu aplicación de chat.
write-page-show = Mostrar el contacto
write-page-open = Escribir en mi aplicación de chat
write-page-scan = O escanea esto con el teléfono en el que chateas:
write-page-code-of = Código QR del contacto { $mail }
write-page-note = No se ha enviado nada, y nadie ha mirado si la dirección existe. También puedes introducir la dirección de chat como contacto nuevo.
write-page-chats-here = { $mail } es una dirección del servidor de chat { $domain }. Escríbele tal cual en tu aplicación de chat: para eso no hace falta ninguna dirección de correo.
write-page-also-mail = Solo si también es una dirección de correo, y te refieres a esa, usa esto:

## Cómo se llama un archivo de un correo, antes de su nombre y su tamaño

small-pictures = [{ $count } imágenes pequeñas, { $size }]
file-calendar = invitación de calendario
file-contact = tarjeta de contacto
file-page = página web
file-encrypted = mensaje cifrado
file-smime = mensaje S/MIME
file-openpgp-key = clave OpenPGP
file-signature = firma
file-tnef = adjuntos de Outlook
file-partial = parte de un correo
file-mail = correo
file-delivery-report = informe de entrega
file-read-receipt = confirmación de lectura
file-header = encabezado del correo
file-chat-message = mensaje de chat
file-pdf = PDF
file-archive = archivo comprimido
file-image = imagen
file-audio = audio
file-video = video
file-text = texto
file-message = mensaje
file-other = archivo

## Eventos y tareas: qué es, luego el título, cuándo, con qué frecuencia, dónde

meeting-invitation = invitación
meeting-cancelled = cancelado
meeting-accepted = aceptado
meeting-declined = rechazado
meeting-tentative = aceptado con reservas
meeting-delegated = delegado en otra persona
meeting-answer = respuesta a una invitación
meeting-counter = se propone otra fecha
meeting-counter-declined = se rechaza la fecha propuesta
meeting-refresh = pide la última versión
meeting-task = tarea
meeting-event = evento
meeting-untitled = sin título
meeting-more = y { $more } más
meeting-daily = cada día
meeting-weekly = cada semana
meeting-monthly = cada mes
meeting-yearly = cada año
meeting-repeated = se repite
day = { $weekday } { $day } { $month } { $year }
weekdays = lun mar mié jue vie sáb dom
months = ene feb mar abr may jun jul ago sept oct nov dic

## Palabras cortas

size-bytes = { $count } bytes
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
size-megabytes-tenths = { $count },{ $tenths } MB

### Lo que se le pide a la propia pasarela

helper-name = Asistente de correo
gateway-name = Pasarela de correo
gateway-status = pasarela de correo
gateway-short-name = Correo
forwarded = Mensaje reenviado:
forwarded-from = Mensaje reenviado de { $from }:
forwarded-at = Mensaje reenviado del { $stamp }:
forwarded-from-at = Mensaje reenviado de { $from } del { $stamp }:
room-invitation = Invitación a la sala { $room }
room-password = Contraseña: { $password }
spoiler = Destripe
data-policy = Los mensajes se vuelven correos, que esta pasarela y los servidores de correo del camino pueden leer. De cada mensaje se guardan durante ese tiempo su nombre, su hora y sus primeras palabras; los correos y archivos que no se muestran enteros pueden guardarse también. Los contactos y lo que elegiste quedan hasta que los quites. «exportar» te lo da todo, «olvídame» lo borra.
data-policy-of-mail = El correo no va cifrado de extremo a extremo, y entre servidores puede no ir cifrado. Quien recibe un correo, y su servidor, lo guardan como quieren.
gateway-description = Une este servidor y el correo electrónico: escribes a carol@mail.example como a uno de sus contactos.
gateway-prompt = Introduce la dirección de correo de la persona con quien quieres chatear, por ejemplo carol@mail.example.

help-before = Esta es la pasarela de correo. Escribe a cualquier persona a su dirección de correo:
help-after = En una conversación, una respuesta que empieza por /all va a todos los que tienen el correo; { $originals ->
        [yes] /original sin nada más muestra el último correo completo, y /help sin nada más
       *[no] /help sin nada más
    } muestra esto. Un comando tras una barra nunca se envía; todo lo demás va a la otra persona.
help-write-page = La dirección de chat de cualquier dirección de correo, con un enlace y un código para el teléfono: { $link }

no-changes = Lo que se le dijo a la pasarela ya está hecho, y aquí no se puede corregir ni retirar. Escribe un mensaje nuevo.
not-understood = «{ $typed }» no es un comando aquí. No se envió nada a nadie.
    Para escribir a alguien: carol@mail.example ¡Hola! Escribe «ayuda» para ver todo.
to-write-to = «{ $typed }» no es un comando aquí. No se envió nada a nadie. Para escribir a { $mail }, envía: { $mail } tu texto
greeting-words = hola, buenos días, buenos dias, buenas, buenas tardes, buenas noches
greeting = ¡Hola! Esta es la pasarela de correo. Para escribir a alguien: carol@mail.example ¡Hola! Escribe «ayuda» para ver todo.
thanks-words = gracias, muchas gracias, mil gracias
thanks = De nada.
did-you-mean = «{ $typed }» no es un comando aquí. No se envió nada a nadie. ¿Querías decir «{ $command }»? Escribe «ayuda» para ver lo que hay.
several-addresses = Escribe a una sola dirección cada vez: no se envió nada a nadie.
is-it = «{ $typed }» no es una dirección de correo. ¿Querías decir { $mail }? Entonces envía: { $example }
for-the-gateway = [«{ $typed }» es un comando para la pasarela y no se envió a { $mail }. Escríbelo a { $helper }:
    { $link }
    Para enviarlo a { $mail } como texto, pon un espacio delante de la barra.]
slash-slip = [«{ $typed }» no se envió a { $mail }. ¿Querías decir el comando «{ $command }»? Escríbelo a { $helper }:
    { $link }
    Para enviar la línea a { $mail } como texto, pon un espacio delante de la barra.]
lacks-value = { $option } puede ser { $values }, o default. Escribe por ejemplo: { $example }
lacks = ¿{ $label }? Escribe por ejemplo: { $example }
required = Falta «{ $label }».
session-done = Este formulario ya se envió, y lo que dice está hecho. Empieza de nuevo si lo quieres otra vez.
session-over = Este formulario es demasiado antiguo; empieza de nuevo.
session-unknown = Este formulario no te lo dio este comando; empieza de nuevo.
action-unknown = Este comando conoce execute, next, prev, complete y cancel.

opened = Lo que escribas en la conversación con { $mail } sale por correo, y las respuestas llegan como mensajes. Está aquí:
written = Tu mensaje sale por correo a { $mail }. La conversación está aquí:
begins = [Lo que escribas aquí sale por correo a { $mail }. Las respuestas llegan aquí.]
begins-with = [Escribiste a { $mail }: «{ $text }» Lo que escribas aquí también le llega por correo. Las respuestas llegan aquí.]
is-user = { $mail } pertenece a este servidor de chat, así que no hace falta correo. Si existe esa cuenta, escribe aquí:
chats-here = { $mail } pertenece a este servidor de chat. Si también es una dirección de correo, escribe a { $contact }. Si no, y si existe esa cuenta, escribe aquí:
is-yourself = { $mail } es tu propia dirección: los correos que van ahí te llegan como mensajes.
cannot-be-contact = { $mail } no puede ser un contacto: con el dominio de la pasarela es demasiado largo para una dirección de chat.
own-address = Tu dirección de correo es { $mail }. Los correos que van ahí te llegan como mensajes, y tus mensajes a direcciones de correo salen de ella.
own-name = A partir de ahora, tus correos son de { $name } <{ $mail }>.
own-name-taken-back = En tus correos vuelves a llamarte como te llama tu aplicación de chat o esta pasarela.
no-name = «{ $typed }» no puede ser tu nombre: contiene la dirección de otra persona.
no-name-unseen = Ese no puede ser tu nombre: no se vería nada de él.
no-name-but-sentence = «{ $typed }» parece una frase; no se cambió nada. Escribe solo tu nombre, por ejemplo: { $example }

no-contacts = Aún no tienes contactos de correo. Escribe a alguien: carol@mail.example ¡Hola!
contacts-all = { $count ->
        [one] Tienes un contacto de correo.
       *[other] Tienes { $count } contactos de correo.
    }
contacts-shown = { $cut ->
        [yes] Tienes más de { $all } contactos de correo; aquí hay { $shown }, primero aquellos a quienes has escrito. La búsqueda de tu aplicación de chat encuentra los demás por una parte de su nombre o dirección.
       *[no] Tienes { $all } contactos de correo; aquí hay { $shown }, primero aquellos a quienes has escrito. La búsqueda de tu aplicación de chat encuentra los demás por una parte de su nombre o dirección.
    }
contacts-more-than = Tienes más de { $all } contactos de correo.
last-message = último mensaje { $moment }
tomorrow-at = mañana a las { $time } UTC
today-at = hoy a las { $time } UTC
yesterday-at = ayer a las { $time } UTC
weekday-at = el { $weekday ->
        [1] lunes
        [2] martes
        [3] miércoles
        [4] jueves
        [5] viernes
        [6] sábado
       *[7] domingo
    } a las { $time } UTC
day-at = el { $day } de { $month ->
        [1] enero
        [2] febrero
        [3] marzo
        [4] abril
        [5] mayo
        [6] junio
        [7] julio
        [8] agosto
        [9] septiembre
        [10] octubre
        [11] noviembre
       *[12] diciembre
    } de { $year }
reached-by-gateway = por su propia pasarela
reached-by-mail = por correo
contact-trouble = el correo no llega desde { $moment }: { $why }
verified = verificado
blocked = bloqueado
removed = El contacto { $mail } queda olvidado aquí. Si tu aplicación de chat aún lo muestra, elimínalo allí; quien escriba desde esa dirección será alguien nuevo.
removed-waits = { $count ->
        [one] Un correo de { $mail } está en espera y se perdería.
       *[other] { $count } correos de { $mail } están en espera y se perderían.
    } Escribe antes: acepta { $mail } o: rechaza { $mail }
blocked-stays = El contacto { $mail } está bloqueado, y si se olvida volvería a mostrarse; para olvidarlo, escribe antes: desbloquea { $mail }
removed-by-client = { $mail } tiene su propia pasarela, que debe enterarse: elimina el contacto en tu aplicación de chat.
unknown-contact = { $mail } no es uno de tus contactos.

spam-words = spam, basura
report-spam = sí, avisar a quien lleva esta pasarela
spam-reported = Quien lleva esta pasarela sabrá que { $mail } envía spam.
spam-reported-already = Ya has avisado de { $mail }: quien lleva esta pasarela lo sabe.
spam-told = { $user } ha bloqueado a { $mail } y avisa de spam. El registro dice más; un servidor de correo puede rechazar a este remitente para todos.
is-blocked = Los correos de { $mail } ya no se te muestran. Para volver a verlos: desbloquea { $mail }
is-blocked-already = Los correos de { $mail } tampoco se te mostraban antes. Para volver a verlos: desbloquea { $mail }
is-unblocked = Los correos de { $mail } se te vuelven a mostrar. Los que llegaron mientras tanto, no.
was-not-blocked = El contacto { $mail } no está bloqueado.
not-blocked-here = { $mail } es alguien de este servidor: bloquea a esa persona en tu aplicación de chat, como a cualquiera de allí.
no-mail-of = { $mail } pertenece a este servidor de chat, y de ahí no llega correo.

options-of-contact = Así se te muestran los correos de { $mail }:
options-of-blocked = El contacto { $mail } está bloqueado: sus correos no se te muestran. Para volver a verlos: desbloquea { $mail }
options-of-all = Así se te muestran los correos («opciones carol@mail.example» muestra lo que elegiste para un contacto):
chosen-for-contact = elegido por ti para este contacto
chosen-by-user = elegido por ti
chosen-by-client = idioma de tu programa de chat
chosen-by-gateway = ajuste de la pasarela
option-set = A partir de ahora, { $about } { $meaning }.
option-set-for = A partir de ahora, para { $mail }: { $about } { $meaning }.
option-means = { $about } { $meaning }
option-taken-back = Tu elección queda anulada y se aplica de nuevo el ajuste de la pasarela: { $about } { $meaning }.
option-taken-back-client = Tu elección queda anulada y se aplica de nuevo el idioma de tu programa de chat: { $about } { $meaning }.
option-taken-back-for = Tu elección para { $mail } queda anulada y se aplica de nuevo lo mismo que para todos tus contactos: { $about } { $meaning }.
no-option = «{ $typed }» no es una opción; las que hay son: { $names }. Escribe por ejemplo: set quotes keep
no-value = «{ $typed }» no es un valor de { $option }; escribe { $values }, o default.
option-for-all-only = { $option } vale para todos tus contactos; no pongas ninguna dirección.
alternatives = { $others } o { $last }

option-quotes = el historial citado y las firmas debajo de una respuesta
option-quotes-cut = no se muestran
option-quotes-keep = se muestran
option-bulk = los correos de listas y otros envíos masivos
option-bulk-show = se muestran como todos los demás
option-bulk-headline = se muestran como noticias, y solo mientras estás en línea
option-bulk-drop = no se muestran
option-gather = los mensajes que escribes de un tirón
option-gather-on = se convierten en un solo correo
option-gather-off = salen en correos separados
option-strangers = los correos de gente con quien nunca has tratado
option-strangers-mark = se muestran, y el primero lo indica
option-strangers-show = se muestran como todos los demás
option-strangers-request = esperan hasta que aceptes al remitente; tu aplicación de chat te lo preguntará
option-strangers-hold = esperan hasta que los pidas con «solicitudes»
option-away-on-xa = las palabras de tu estado «no disponible» (ausencia larga)
option-away-on-xa-on = responden a quien te escribe por correo
option-away-on-xa-off = no responden a nadie
option-language = los mensajes de esta pasarela
option-language-is = están en { $tag ->
        [en] inglés
        [de] alemán
        [fr] francés
        [es] español
        [ru] ruso
       *[other] { $name }
    }

found = Correo electrónico
found-more = Hay más que estos: introduce una parte más larga del nombre o de la dirección
search-for = Introduce una dirección de correo para escribirle, o una parte del nombre o de la dirección de uno de tus contactos de correo.

no-mail-known = No se conoce ningún correo de { $mail } en tu conversación.
no-mails-kept = Esta pasarela no conserva correos completos.
mail-not-kept = El último correo de { $mail } no se conserva aquí completo.
mail-shown-whole = El último correo de { $mail } llegó { $moment } y está en tu conversación tal cual: no se omitió nada.
unverified-original = [Remitente no verificado.]
original-waits = { $mail } espera a que lo aceptes, y antes no se muestra nada de sus correos. Para leerlos: acepta { $mail }
    Para no ver nada: rechaza { $mail }
original-refused = Has rechazado a { $mail }, así que no se muestra nada de sus correos. Si cambias de idea: acepta { $mail }
revoke-done = { $all ->
        [yes] { $count ->
            [0] No tenías ningún enlace.
            [one] Tu enlace ya no lleva a nada.
           *[other] Tus { $count } enlaces ya no llevan a nada.
        }
       *[no] { $count ->
            [0] Eso no lleva a nada tuyo: ha caducado, lo has revocado o nunca existió.
            [one] Ese enlace ya no lleva a nada.
           *[other] { $count } enlaces ya no llevan a nada.
        }
    }
revoke-last-none = El último correo de { $mail } no tiene enlace, o ya no lleva a nada. Para los anteriores: «revoca» con el enlace, o «revoca todos» para todos tus enlaces.
revoke-failed = A nadie se le muestra ya lo que había en el enlace, pero la pasarela no pudo borrarlo. Pídelo otra vez; si vuelves a leer esto, avisa a quien lleva esta pasarela.

requests-none = Nadie espera a que lo aceptes.
requests-waiting = { $count ->
        [one] Una persona quiere escribirte.
       *[other] { $count } personas quieren escribirte.
    } { $full ->
        [yes] De otras personas no se conserva nada hasta que aceptes o rechaces a alguna de estas. Para leer
       *[no] Para leer
    } lo que escribió alguien, y lo que escriba después: acepta { $mail }. Para no ver nada: rechaza { $mail }
request-answered = una respuesta a ti que nadie pudo verificar
request-mails = { $count ->
        [one] un correo
       *[other] { $count } correos
    }
request-mails-left = { $mails }, además de { $count } sin conservar aquí
request-unverified = remitente no verificado
request-accepted = A partir de ahora se te muestran los correos de { $mail }.
request-shown = { $count ->
        [one] Lo que te escribió está en tu conversación.
       *[other] Los { $count } correos conservados están en tu conversación.
    }
request-left = { $count ->
        [one] Otro no se conservó aquí.
       *[other] Otros { $count } no se conservaron aquí.
    }
request-missed = Lo que te escribió mientras lo rechazabas no se ha conservado.
request-confirmed = { $mail } ya es uno de tus contactos.
request-accepted-already = Los correos de { $mail } ya se te muestran.
request-refused = Los correos de { $mail } no se te muestran, y nadie se entera. Si cambias de idea: acepta { $mail }
request-not-believed = Tu solicitud de contacto a { $mail } sigue pendiente hasta que { $mail } responda de un modo que se pueda verificar.
request-unknown = { $mail } no espera a que lo aceptes. Para escribirle, envía: { $mail } tu texto

way-none = Aquí no se conoce ningún mensaje a { $mail }.
way-no-user = «{ $typed }» no es un usuario de esta pasarela. Escribe por ejemplo: where of alice@a.example carol@mail.example
way-last = El último mensaje a { $mail } se aceptó { $moment }:
way-last-saying = El último mensaje a { $mail }, { $excerpt }, se aceptó { $moment }:
way-server-said = El servidor de correo dice: { $words }
way-last-attempt = El último intento falló: { $words }
way-taken-back = Se retiró antes de salir.
way-taken = El servidor de correo lo aceptó.
way-left = Ya no espera aquí; lo tiene el servidor de correo, que no ha dicho nada más.
way-late = Se retrasó en el camino.
way-delivered = Un servidor de correo avisa de que { $mail } lo recibió.
way-failed = No llegó a { $mail }.
way-read = Se leyó.
way-name = Su Message-ID es { $id }.

nothing-waits = Nada espera: no tienes ningún correo que aún deba salir.
a-request = una invitación
excerpt = «{ $text }»{ $more ->
        [0] { "" }
        [one] { " " }y 1 línea más
       *[other] { " " }y { $more } líneas más
    }
mails-waiting = { $count ->
        [one] Uno de tus correos está en espera.
       *[other] { $count } de tus correos están en espera.
    } Para cancelar uno, escribe por ejemplo: cancela { $example }. Para intentar enviarlo de inmediato: envía ahora { $example }
mails-waiting-more = Más de { $count } de tus correos están en espera; aquí están los más antiguos. Para cancelar uno, escribe por ejemplo: cancela { $example }. Para intentar enviarlo de inmediato: envía ahora { $example }
people = { $first } y { $others ->
        [one] otra persona
       *[other] otras { $others } personas
    }
waiting-to = a { $people }
waiting-since = escrito { $moment }
not-tried = aún no intentado
tried-times = { $count ->
        [one] intentado una vez
       *[other] intentado { $count } veces
    }
turn-comes = { $tried }, pronto le toca
leaves-at = { $tried }, sale { $moment }
again-at = { $tried }, de nuevo { $moment }
under-way = en camino en este momento
just-ended = el último intento acaba de terminar
taken-back = Tu correo a { $people } queda cancelado; no se envió.
taken-back-uncertain = Tu correo a { $people } ya no se intenta enviar. Un intento anterior se interrumpió justo al final, así que puede haber llegado.
tried-now = Tu correo a { $people } se intenta enviar ahora, después de los que escribiste antes a la misma dirección.
unchanged-under-way = Tu correo a { $people } está en camino en este momento: no se cambió nada. Vuelve a preguntar cuando eso termine.
unchanged-settling = Tu correo a { $people } acaba de intentarse por última vez: no se cambió nada, y se te avisará del resultado.
unchanged-unreadable = Tu correo a { $people } no se puede leer en este momento: no se cambió nada. Vuelve a preguntar más tarde.
unchanged-gone = Tu correo a { $people } ya no está en espera.
none-waits-called = Ninguno de tus correos en espera se llama «{ $typed }». Escribe «en espera» para verlos.
several-wait-called = Varios de tus correos en espera se llaman «{ $typed }…»: escribe algo más del nombre.
busy = La pasarela tiene demasiado que hacer en este momento, y no se cambió nada. Vuelve a preguntar dentro de un momento.

until-words = hasta, hasta el
until-articles = el, de, del, próximo
from-words = desde, desde el, a partir de, a partir del, del
to-words = al, a, -, –, —
now-words = ahora mismo, ahora
onward-words = en adelante
weekday-words = lunes; martes; miércoles, miercoles; jueves; viernes; sábado, sabado; domingo
month-words = enero, ene; febrero, feb; marzo, mar; abril, abr; mayo, may; junio, jun; julio, jul; agosto, ago; septiembre, setiembre, sept; octubre, oct; noviembre, nov; diciembre, dic
today-words = hoy
tomorrow-words = mañana
next-week-words = la próxima semana, la proxima semana, próxima semana, proxima semana, la semana próxima, la semana que viene, semana que viene
for-words = por, durante, para
one-words = un, una
day-words = día, días, dia, dias
week-words = semana, semanas
away-begun = Desde ahora, quien te escribe por correo recibe la respuesta de que no estás, como mucho una vez en 7 días: personas cuya dirección está verificada, y ninguna lista. Cuando vuelvas, escribe: he vuelto
away-begun-until = Hasta el { $day }, quien te escribe por correo recibe la respuesta de que no estás, como mucho una vez en 7 días: personas cuya dirección está verificada, y ninguna lista. Si vuelves antes, escribe: he vuelto
away-later = A partir del { $first }, quien te escribe por correo recibe la respuesta de que no estás, como mucho una vez en 7 días: personas cuya dirección está verificada, y ninguna lista. { $before ->
        [status] Antes decide tu estado.
       *[nobody] Antes nadie la recibe.
    } Para anularlo, o cuando vuelvas, escribe: he vuelto
away-later-until = Del { $first } al { $day }, quien te escribe por correo recibe la respuesta de que no estás, como mucho una vez en 7 días: personas cuya dirección está verificada, y ninguna lista. { $before ->
        [status] Antes decide tu estado.
       *[nobody] Antes nadie la recibe.
    } Para anularlo, o si vuelves antes, escribe: he vuelto
away-says = La respuesta dice: «{ $text }»
away-says-nothing = La respuesta no dice más que eso; tus propias palabras pueden seguir a la orden.
away-holds = No estás: quien te escribe por correo recibe esa respuesta. «he vuelto» lo termina.
away-holds-until = No estás hasta el { $day }: quien te escribe por correo recibe esa respuesta. «he vuelto» lo termina.
away-planned = No estarás a partir del { $first }: quien te escriba entonces por correo recibirá esa respuesta. «he vuelto» lo anula.
away-planned-until = No estarás del { $first } al { $day }: quien te escriba entonces por correo recibirá esa respuesta. «he vuelto» lo anula.
away-by-status = Estás ausente, como dice tu estado: quien te escribe por correo lo recibe como respuesta, hasta que tu estado sea otro.
away-asks-for-status = La pasarela pide ver tu estado: permítelo en tu aplicación de chat. Desde entonces, el estado «no disponible» (ausencia larga) con tus palabras responde a quien te escribe por correo.
away-unverified = Pero por ahora nadie recibe respuesta: esta pasarela no verifica a ningún remitente, así que no responde a nadie. Quien la lleva puede cambiarlo: [trust] en su configuración.
away-unverified-ask = Pero por ahora nadie recibe respuesta: esta pasarela no verifica a ningún remitente, así que no responde a nadie. Quien la lleva puede cambiarlo ([trust] en su configuración); pregunta aquí: { $who }
away-waits-for-status = «away-on-xa» está activado, pero la pasarela no ve tu estado: acepta en tu aplicación de chat la solicitud de contacto de { $helper }. Para que te pregunte de nuevo, escribe: set away-on-xa on
away-status-refused = La pasarela no puede ver tu estado, así que tu estado no responde a nadie, y «away-on-xa» vuelve a estar desactivado. Para que te pregunte de nuevo, escribe: set away-on-xa on
away-ended = Hola de nuevo. Ya nadie recibe la respuesta de que no estás.
away-called-off = Está anulado: nadie recibirá la respuesta de que no estás.
away-not = No estabas ausente: nadie recibe respuestas automáticas.
away-no-day = «{ $typed }» no es un día del próximo año. Escríbelo así: ausencia hasta 2026-12-24 Estoy en la montaña
away-no-first = «{ $typed }» no es un día del próximo año. Escríbelo así: ausencia desde 2026-12-24 hasta 2027-01-02 Estoy en la montaña
away-backwards = El último día, { $day }, es anterior al primero, { $first }. Escríbelo así: ausencia desde 2026-12-24 hasta 2027-01-02 Estoy en la montaña
away-too-long = Son más de { $max } caracteres. Escribe menos.

export-link = Todo lo que esta pasarela ha guardado sobre ti está en este archivo, que puede leer quien tenga la dirección, hasta el { $day }: { $link }
export-messages = { $count ->
    [one] Todo lo que esta pasarela ha guardado sobre ti sigue en un mensaje.
   *[other] Todo lo que esta pasarela ha guardado sobre ti sigue en { $count } mensajes.
}
export-cut = Es más de lo que cabe aquí. Quien lleva esta pasarela puede dártelo todo.
export-failed = Lo que hay guardado sobre ti no se puede leer en este momento, o no hay sitio para un archivo. Prueba más tarde.
export-about-user = Quién eres para esta pasarela y cuándo se escribió esto. Las horas son milisegundos desde 1970, o fechas en UTC.
export-about-waiting = Un correo tuyo que aún no ha salido.
export-about-kept = Un correo o archivo que la pasarela conserva para ti, con su enlace y hasta cuándo, o cuántos hay.
export-about-pair = Una dirección de correo que es tuya o que se creó para un contacto tuyo.
export-about-options = Lo que elegiste, para todos los contactos o para el que se nombra, y lo que la pasarela ha leído de tu estado y de tu tarjeta.
export-about-contact = Alguien con quien tienes que ver: lo que se sabe de esa persona y quién puede ver el estado de quién.
export-about-thread = Una conversación por correo: a qué correos pertenece tu próxima respuesta.
export-about-message = Un mensaje o un correo: sus nombres, su hora y como mucho sus primeras palabras.
export-about-seen = La marca de un correo tratado, o de algo que se te dijo, para que no ocurra dos veces.
export-about-announced = Lo último que se dijo de tu estado a contactos de otras pasarelas.
export-about-avatar = La imagen de un contacto.
forget-me-sure = Esto borra todo lo que esta pasarela ha guardado sobre ti: tus contactos y lo que elegiste, lo que recuerda de tus mensajes, los correos y archivos que conserva y tus correos que aún esperan. No se puede deshacer. Si es lo que quieres, escribe: olvídame sí
forget-me-kept = No se ha borrado nada. Todo queda como estaba.
forget-me-nothing = No había nada guardado sobre ti.
forget-me-done = Todo lo que esta pasarela tenía guardado sobre ti está borrado. Contactos: { $contacts }; mensajes: { $messages }; conversaciones: { $threads }; lo que elegiste: { $options }; marcas de correos tratados: { $marks }; correos y archivos conservados: { $kept }; correos que esperaban: { $waiting }.
forget-me-under-way = No se borraron, porque van de camino en este momento: { $count }.
forget-me-left = Los correos entregados están donde se entregaron, y los tuyos, en tu aplicación de chat y en su servidor; el registro de la pasarela aún puede nombrarte un tiempo. Si vuelves a usar la pasarela, todo empieza de nuevo.
word-all = todos
word-yes = sí
word-no = no
yes-alone = «{ $typed }» solo no hace nada: la pasarela no recuerda ninguna pregunta. Si se te preguntó si hay que borrar todo lo que está guardado sobre ti, y lo quieres, escribe: { $command }
no-alone = No se ha hecho nada: la pasarela no recuerda ninguna pregunta y no espera ninguna respuesta.

admin-nothing-waits = No hay nada en espera de envío, ni nada en cuarentena.
admin-no-pair = No hay ningún par guardado; valen las reglas de la configuración.
admin-no-format = No hay ningún formato guardado ni aprendido; valen los de la configuración.
admin-done = Hecho.

### Comandos

write-title = Escribir a una dirección de correo
write-words = escribe, escribir, escribe a, escribir a, correo a, chatea con, chatear con, envía un correo a, envia un correo a, enviar un correo a, enviar correo a, manda un correo a, mandar un correo a, mensaje a, nuevo mensaje a
open-words = añade, añadir, agrega, agregar, invita, invitar, nuevo contacto
sentence-words = que, si, sobre, para, porque, acerca de, de que
and-words = y, e
write-example = carol@mail.example ¡Hola!
write-help = escribe a esta dirección; sin texto, o con «añade carol@mail.example», solo abre la conversación
write-ask = ¿A quién quieres escribir? Recibirás la dirección de chat de esa persona.
write-title-text = Tu primer mensaje
write-ask-text = ¿Qué quieres decir? Puedes dejarlo vacío y escribir en la conversación.

my-address-title = Mi dirección de correo
my-address-words = mi dirección, mi direccion, dirección, direccion, quién soy, quien soy, mi dirección de correo, cuál es mi dirección, cual es mi direccion
my-address-example = mi dirección
my-address-help = dice cuál es tu dirección de correo para los demás

my-name-title = Mi nombre en los correos
my-name-words = mi nombre es, mi nombre, me llamo, llámame, llamame
my-name-example = mi nombre es Alice Liddell
my-name-help = así te llaman tus correos; «mi nombre es default» lo deshace
my-name-ask = ¿Cómo quieres llamarte en tus correos?

contacts-title = Mis contactos de correo
contacts-words = contactos, mis contactos, lista, muestra mis contactos, mostrar contactos, ver contactos, lista de contactos
contacts-example = contactos
contacts-help = muestra las direcciones de correo con las que tratas

remove-title = Eliminar un contacto de correo
remove-words = elimina, eliminar, olvida, olvidar, borra, borrar, quita, quitar
remove-example = elimina carol@mail.example
remove-help = olvida un contacto, y lo que elegiste para él
remove-ask = ¿Cuál de tus contactos hay que olvidar?

original-title = Un correo completo
original-words = correo completo, muestra original, mostrar original
original-example = correo completo carol@mail.example
original-help = muestra completo el último correo de esta dirección, con lo que cita
original-ask = ¿De quién quieres ver el último correo con todo lo que cita?

revoke-title = Revocar enlaces
revoke-words = revoca, revocar, revoca el enlace
revoke-example = revoca carol@mail.example
revoke-help = revoca el enlace al último correo completo de esta dirección y los de sus archivos; con un enlace detrás, ese enlace; con «todos», todos los tuyos
revoke-ask = Escribe el enlace de un correo o de un archivo; o una dirección de correo, para el último correo de allí; o «todos», para todos tus enlaces.

requests-title = Quién espera a que lo aceptes
requests-words = solicitudes, solicitudes de contacto, quién espera, quien espera, desconocidos
requests-example = solicitudes
requests-help = muestra quién quiere escribirte

accept-title = Aceptar a alguien que espera
accept-words = acepta, aceptar
accept-example = acepta eve@mail.example
accept-help = te muestra lo que escribió esta dirección, y lo que escriba a partir de ahora
accept-ask = ¿De quién quieres ver los correos?

refuse-title = Rechazar a alguien que espera
refuse-words = rechaza, rechazar
refuse-example = rechaza eve@mail.example
refuse-help = no te muestra nada de esta dirección; nadie se entera
refuse-ask = ¿De quién no quieres ver los correos?

block-title = Bloquear una dirección de correo
block-words = bloquea, bloquear
block-example = bloquea eve@mail.example
block-help = ya no te muestra correos de esta dirección; nadie se entera, salvo quien lleva la pasarela con «bloquea spam eve@mail.example»
block-ask = ¿De quién no quieres ver más correos? Nadie se entera.

unblock-title = Desbloquear una dirección de correo
unblock-words = desbloquea, desbloquear
unblock-example = desbloquea eve@mail.example
unblock-help = te vuelve a mostrar sus correos
unblock-ask = ¿De quién quieres volver a ver los correos?

waiting-title = Mis correos en espera
waiting-words = en espera, correos en espera, mis correos en espera, bandeja de salida, cuántos correos esperan, cuantos correos esperan
waiting-example = en espera
waiting-help = muestra tus correos que aún no han salido, y por qué

cancel-title = Cancelar un correo en espera
cancel-words = cancela, cancelar, retira, retirar, anula, anular
cancel-example = cancela 3fa91c
cancel-help = cancela un correo que aún espera; «en espera» dice su nombre
cancel-ask = ¿Cuál de tus correos no debe salir?

send-now-title = Intentar enviar ahora un correo en espera
send-now-words = envía ahora, envia ahora, enviar ahora
send-now-example = envía ahora 3fa91c
send-now-help = intenta enviar de inmediato un correo que espera
send-now-ask = ¿Cuál de tus correos hay que intentar enviar de inmediato?

where-title = Qué pasó con mi último mensaje
where-words = qué pasó con mi mensaje a, que paso con mi mensaje a, dónde está mi mensaje a, donde está mi mensaje a, donde esta mi mensaje a
where-example = qué pasó con mi mensaje a carol@mail.example
where-help = dice qué pasó con tu último mensaje a esta dirección
where-ask = ¿A quién escribiste?

away-title = Responder que no estoy
away-words = ausencia, no estoy, vacaciones, pausa, ausente, estoy ausente, fuera, estoy fuera, de vacaciones, estoy de vacaciones
away-example = ausencia hasta 2026-12-24 Estoy en la montaña
away-help = responde con tus palabras a quien te escribe por correo; sin un día, hasta que escribas «he vuelto»; «ausencia desde mañana hasta el viernes» empieza mañana; con «set away-on-xa on» lo hace tu estado
away-ask = Quien te escribe por correo recibe como mucho una respuesta en 7 días. ¿Hasta cuándo y qué dice?

back-title = Ya estoy aquí
back-words = he vuelto, ya estoy aquí, de vuelta, ya he vuelto, estoy de vuelta, ya estoy de vuelta, ya estoy aqui
back-example = he vuelto
back-help = termina lo que empezó «ausencia»

options-title = Mostrar mis opciones
options-words = opciones, mis opciones, ajustes, preferencias
options-example = opciones
options-help = muestra cómo se te muestran los correos, y qué más puedes elegir
options-ask = ¿Qué vale para todos los contactos, o para uno de ellos?

set-title = Cambiar una opción
set-words = cambia, cambiar, ajusta, ajustar
set-example = set quotes keep carol@mail.example
set-help = cambia una opción para un contacto; sin dirección, para todos; «default» lo deshace; «set language de» cambia el idioma
set-ask = ¿Qué quieres cambiar, y para quién?

export-title = Recibir todo lo que hay guardado sobre mí
export-words = exporta, exportar, exporta mis datos, mis datos
export-example = exportar
export-help = te da todo lo que la pasarela ha guardado sobre ti

forget-me-title = Borrar todo lo que hay guardado sobre mí
forget-me-words = olvídame, borra mis datos, olvidame, bórrame, borrame, borra mi cuenta
forget-me-example = olvídame
forget-me-help = borra, tras preguntar una vez más, todo lo que la pasarela ha guardado sobre ti
forget-me-ask = Se borra todo lo que esta pasarela ha guardado sobre ti, y tus correos que aún esperan no se envían. No se puede deshacer. ¿Es lo que quieres?

help-title = Ayuda
help-words = ayuda, comandos
help-example = ayuda
help-help = muestra esto

## Los de la administración

status-words = estado
status-title = Admin: estado
status-example = status
status-help = dice cómo está la pasarela

queue-list-title = Admin: correos en espera, de todos
queue-list-words = queue list
queue-list-example = queue list
queue-list-help = muestra lo que está en espera, de todos los usuarios, y lo que está en cuarentena

queue-show-title = Admin: un correo en espera
queue-show-words = queue show
queue-show-example = queue show ID
queue-show-help = muestra lo que se sabe de él, con el encabezado del correo
queue-show-form = Un correo en espera
queue-show-ask = ¿Cuál? «queue list» muestra los nombres en su primera columna.

queue-retry-title = Admin: intentar enviar correos ahora
queue-retry-words = queue retry
queue-retry-example = queue retry ID
queue-retry-help = lo intenta enviar ahora; sin ID, todos los que esperan
queue-retry-form = Intentar enviar correos ahora
queue-retry-ask = ¿Cuál? Déjalo vacío para todos.

queue-drop-title = Admin: descartar un correo
queue-drop-words = queue drop
queue-drop-example = queue drop ID
queue-drop-help = lo saca de la cola; su remitente recibe un error, pero no con «queue drop ID silent»
queue-drop-form = Descartar un correo
queue-drop-ask = ¿Cuál? Su remitente recibe un error, salvo que escribas «silent».

map-list-title = Admin: todos los pares
map-list-words = map list
map-list-example = map list
map-list-help = muestra los pares de JID y direcciones de correo

map-find-title = Admin: buscar un par
map-find-words = map find
map-find-example = map find alice@a.example
map-find-help = muestra el par de un JID o de una dirección
map-find-form = Buscar un par
map-find-ask = ¿De quién?

map-add-title = Admin: guardar un par
map-add-words = map add
map-add-example = map add alice@a.example alice@mail.example Alice
map-add-help = guarda un par, con nombre o sin él
map-add-form = Guardar un par
map-add-ask = Esta dirección de correo corresponde a este JID.

map-remove-title = Admin: olvidar un par
map-remove-words = map remove
map-remove-example = map remove alice@a.example
map-remove-help = olvida el par de un JID o de una dirección
map-remove-form = Olvidar un par
map-remove-ask = ¿De quién?

peer-list-title = Admin: todos los formatos
peer-list-words = peer list
peer-list-example = peer list
peer-list-help = muestra cómo se escriben los correos a direcciones y dominios

peer-set-title = Admin: fijar un formato
peer-set-words = peer set
peer-set-example = peer set chat.b.example xmpp
peer-set-help = fija cómo se escriben los correos a una dirección o a un dominio: mail, chat o xmpp; «peer remove» lo deshace
peer-set-form = Fijar un formato
peer-set-ask = ¿Cómo se escriben los correos a esta dirección o a este dominio?

peer-remove-title = Admin: olvidar un formato
peer-remove-words = peer remove
peer-remove-example = peer remove chat.b.example
peer-remove-help = olvida un formato
peer-remove-form = Olvidar un formato
peer-remove-ask = ¿De quién?

users-list-title = Admin: usuarios de los que hay algo guardado
users-list-words = users list
users-list-example = users list
users-list-help = enumera los usuarios, cuántos contactos tiene cada uno y el día del último mensaje

users-show-title = Admin: cuánto hay guardado sobre un usuario
users-show-words = users show
users-show-example = users show alice@a.example
users-show-help = dice cuánto hay guardado sobre un usuario, y nada de lo que se escribió
users-show-form = Cuánto hay guardado sobre un usuario
users-show-ask = ¿De quién?

users-forget-title = Admin: olvidar a un usuario
users-forget-words = users forget
users-forget-example = users forget alice@a.example
users-forget-help = borra al momento todo lo que hay guardado sobre un usuario
users-forget-form = Olvidar a un usuario
users-forget-ask = ¿De quién hay que borrarlo todo? Se hace al momento y no se puede deshacer.

announce-title = Admin: anunciar algo a todos
announce-words = anuncio, anunciar
announce-example = anuncio Esta noche de 21 a 22 no pasará ningún correo.
announce-help = lo dice a todos de quienes hay algo guardado; repetido el mismo día, a quienes no lo recibieron
announce-form = Anunciar algo a todos
announce-ask = ¿Qué hay que decir a todos los que usan esta pasarela?

reload-title = Admin: volver a leer la configuración
reload-words = reload
reload-example = reload
reload-help = hace que se vuelva a leer la configuración

log-level-title = Admin: nivel del registro
log-level-words = log level
log-level-example = log level debug
log-level-help = cambia cuánto se registra, hasta que «reload» vuelva a leer la configuración
log-level-form = Nivel del registro
log-level-ask = ¿Cuánto hay que registrar, hasta que se vuelva a leer la configuración?

where-of-title = Admin: qué pasó con el último mensaje de un usuario
where-of-words = where of
where-of-example = where of alice@a.example carol@mail.example
where-of-help = dice qué pasó con el último mensaje de un usuario a una dirección
where-of-form = Qué pasó con el último mensaje de un usuario
where-of-ask = ¿El mensaje de quién, y a quién?

## Campos y columnas

label-mail-address = Dirección de correo
label-message = Mensaje
label-your-name = Tu nombre
label-name = Nombre
label-chat-address = Dirección de chat
label-reached = Vía
label-trouble = Problema
label-verified = Verificado
label-last-message = Último mensaje
label-which-mail = Qué correo
label-short-name = Nombre
label-who = Quién
label-mails = Correos
label-to = Para
label-text = Texto
label-last-day = Último día, como 2026-12-24
label-away-text = Lo que dice la respuesta
label-announcement = Lo que se dice
label-since = Desde
label-next-attempt = Próximo intento
label-why = Por qué
label-one-contact = Dirección de correo de un contacto (vacío: todos los contactos)
label-option = Opción
label-value = Valor
label-meaning = Qué significa
label-whose = Quién lo eligió
label-choose = Qué más hay
label-mail-address-or-name = Dirección de correo o nombre
label-link-or-address = Enlace o dirección de correo
label-link = Enlace
label-report-spam = ¿Es spam?
label-sure = ¿Borrarlo todo?
label-id = ID
label-silent = «silent», o vacío
label-jid-or-mail-address = JID o dirección de correo
label-jid = JID
label-jid-of-user = JID del usuario
label-mail-address-or-domain = Dirección de correo o dominio
label-format = mail, chat o xmpp
label-log-level = error, warn, info, debug o trace
