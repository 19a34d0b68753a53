//! The words by which mail programs introduce what they quote and sign what they send, by language. All in lower case;
//! where a table is one text, `|` stands between its entries.
//!
//! A language is added by adding its words: nothing else knows of languages.

/// Verbs of the line over a quotation: “On Monday Alice wrote:”.
pub(super) const WROTE: &[(&str, &str)] = &[
    ("English", "wrote|writes|said|quoting"),
    (
        "German",
        "zitat von|schrieb|schrieben|schreibt|hat geschrieben",
    ),
    (
        "Dutch, Afrikaans",
        "schreef|schreven|geschreven|het geschryf",
    ),
    (
        "Danish, Norwegian, Swedish, Icelandic, Faroese",
        "skrev|skreiv|skrifaði",
    ),
    ("Finnish, Estonian", "kirjoitti|kirjutas"),
    ("French", "a écrit|écrit|écrivait|écrivit|a ecrit"),
    ("Italian", "ha scritto|scritto|scrive|scrisse"),
    ("Spanish, Galician", "escribió|escribio|ha escrito|escribiu"),
    (
        "Catalan, Basque",
        "va escriure|ha escrit|escrigué|idatzi du|idatzi zuen|igorleak hau idatzi du",
    ),
    ("Portuguese", "escreveu|escreveram"),
    ("Romanian", "a scris|a scris următoarele"),
    (
        "Polish",
        "napisał|napisała|napisał(a)|napisał/a|pisze|napisana przez",
    ),
    (
        "Czech, Slovak",
        "napsal|napsala|napsal(a)|napísal|napísala|napísal(a)",
    ),
    (
        "Slovene, Croatian, Serbian, Bosnian",
        "je napisal|je napisala|napisal|napisala|napisal(a)|napisao/la|je napisal/-a|je napisao|je napisala|napisao je|napisala je|је написао|је написала|написао је|је написао/ла",
    ),
    (
        "Russian",
        "написал|написала|написал(а)|пишет|писал|писала|писал(а)",
    ),
    (
        "Ukrainian, Belarusian",
        "написав|написала|написав(-ла)|написав(ла)|пише|піша|напісаў",
    ),
    ("Bulgarian, Macedonian", "написа|пише"),
    (
        "Hungarian",
        "írta|ezt írta|a következőt írta|írta a következőt",
    ),
    ("Greek", "έγραψε|έγραψε τα εξής"),
    (
        "Turkish, Azerbaijani",
        "yazdı|şunu yazdı|şunları yazdı|yazmış|yazıb",
    ),
    ("Lithuanian, Latvian", "rašė|parašė|rakstīja"),
    ("Indonesian, Malay", "menulis|telah menulis"),
    ("Vietnamese", "đã viết|viết"),
    ("Irish, Welsh", "scríobh|ysgrifennodd"),
    ("Albanian, Esperanto", "shkroi|skribis"),
];

/// The same in scripts that put nothing between words, or something before and behind them.
pub(super) const WROTE_WITHIN: &[(&str, &str)] = &[
    ("Chinese", "写道|寫道|写到|撰写|撰寫"),
    ("Japanese", "のメール|書きました|書き込み|が書いた"),
    ("Korean", "작성|님이|쓴 글|썼습니다"),
    ("Thai", "เขียนว่า|เขียน"),
    ("Arabic", "كتب|تمت كتابة"),
    ("Persian", "نوشت"),
    ("Hebrew", "כתב|מאת"),
    ("Hindi", "लिखा"),
];

/// With which words the line over a quotation begins, before a date.
pub(super) const OPENERS: &str = "on|at|in|am|vom|um|den|der|op|le|el|il|em|no|a|en|dne|dňa|dnia|w|kl|på|pe|pada|vào|lúc|ngày|στις|την|în|la|dana|u|ved|tirsdag|date|data|datum|quoting|zitat|citando|citat|quoth|от|в|на|у|dia|data|ar|päivänä|tarihinde|في|בתאריך|ב-|در|ใน|mnamo|el dia|igor|dne:";

/// Words before a name alone: “Quoting Alice:”.
pub(super) const QUOTING: &str = "quoting|zitat|citando|citat|citazione|quoth";

/// What stands between dashes over the message that is answered.
pub(super) const ORIGINAL: &str = "original message|original email|original mail|original appointment|reply message|replied message|ursprüngliche nachricht|ursprüngliche mail|originalnachricht|original-nachricht|original nachricht|originale nachricht|message d'origine|message d’origine|message original|message initial|mensaje original|mensaxe orixinal|messaggio originale|messaggio original|mensagem original|oorspronkelijk bericht|oorspronkelijke bericht|origineel bericht|ursprungligt meddelande|originalmeddelande|ursprungligt mejl|oprindelig meddelelse|oprindelig besked|original meddelelse|opprinnelig melding|opprinnelig e-post|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|původní e-mail|původní email|pôvodná správa|eredeti üzenet|mesaj original|mesajul original|исходное сообщение|оригинальное сообщение|первоначальное сообщение|оригінальне повідомлення|вихідне повідомлення|початкове повідомлення|оригинално съобщение|първоначално съобщение|αρχικό μήνυμα|orijinal mesaj|özgün ileti|özgün mesaj|orijinal ileti|asıl ileti|الرسالة الأصلية|رسالة أصلية|הודעה מקורית|ההודעה המקורית|پیام اصلی|原始邮件|原始郵件|原邮件|原件|原始訊息|原始消息|回复的原邮件|元のメッセージ|オリジナルメッセージ|original message 元のメッセージ|원본 메시지|원본메시지|원본 메일|ข้อความต้นฉบับ|ข้อความเดิม|tin nhắn gốc|thư gốc|thư ban đầu|pesan asli|mesej asal|izvorna poruka|originalna poruka|оригинална порука|izvorno sporočilo|prvotno sporočilo|originaalkiri|algne kiri|originalus laiškas|pradinis laiškas|sākotnējais ziņojums|oriģinālā vēstule|missatge original|jatorrizko mezua|upprunaleg skilaboð";

/// What stands over a message that is sent on.
pub(super) const FORWARDED: &str = "forwarded message|forwarded by|begin forwarded message|forwarded email|forwarded mail|start of forwarded message|weitergeleitete nachricht|weitergeleitete mail|anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|ende der weitergeleiteten nachricht|message transféré|message réexpédié|début du message réexpédié|début du message transféré|courriel transféré|mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada|início da mensagem reencaminhada|início da mensagem encaminhada|doorgestuurd bericht|begin doorgestuurd bericht|doorgezonden bericht|vidarebefordrat meddelande|vidarebefordrat mejl|vidarebefordrat brev|vidarebefordrad e-post|videresendt meddelelse|videresendt besked|start på videresendt besked|videresendt melding|videresendt e-post|välitetty viesti|edelleenlähetetty viesti|edelleen lähetetty viesti|wiadomość przekazana|przekazana wiadomość|przeposlaná zpráva|přeposlaná zpráva|přeposlaný e-mail|preposlaná správa|továbbított üzenet|továbbított levél|mesaj redirecționat|mesaj redirectionat|mesaj transmis|пересланное сообщение|пересылаемое сообщение|перенаправленное сообщение|начало переадресованного сообщения|переслане повідомлення|препратено съобщение|προωθημένο μήνυμα|προωθούμενο μήνυμα|iletilen ileti|iletilen mesaj|yönlendirilen ileti|yönlendirilen mesaj|رسالة معاد توجيهها|رسالة مُعاد توجيهها|الرسالة المعاد توجيهها|הודעה שהועברה|הועברה הודעה|پیام بازارسال|转发的邮件|转发邮件|转发邮件信息|轉寄郵件|轉寄的郵件|已轉寄郵件|已转发邮件|転送メッセージ|転送されたメッセージ|전달된 메시지|전달 메시지|전달된 메일|ข้อความที่ส่งต่อ|thư chuyển tiếp|thư đã chuyển tiếp|pesan terusan|pesan yang diteruskan|mesej dimajukan|proslijeđena poruka|prosleđena poruka|prosljeđena poruka|прослеђена порука|posredovano sporočilo|edastatud kiri|edastatud sõnum|persiųstas laiškas|persiunčiamas laiškas|pārsūtītā ziņa|pārsūtīta vēstule|missatge reenviat|birbidalitako mezua|framsent skeyti";

/// The labels of the few header lines over a quotation, by what they name.
pub(super) const FROM: &str = "from|von|de|da|van|från|fra|frá|lähettäjä|od|от|від|feladó|kimden|gönderen|από|מאת|من|از|发件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|발신|จาก|từ|dari|daripada|expeditor|de la|saatja|kellelt|nuo|no|sūtītājs|siuntėjas|pošiljatelj|šalje|šalja|pošilja|odesílatel|odosielateľ|remitente|expéditeur|absender|afzender|avsändare|afsender|avsender|mittente|remetente|nadawca|отправитель|відправник|подател|nork|iz|бақ";
/// When it was sent.
pub(super) const SENT: &str = "sent|sent at|date|gesendet|gesendet am|datum|envoyé|envoyé le|date d'envoi|inviato|inviata|data|enviado|enviado el|fecha|enviado em|enviada|enviada em|enviada a|enviat|verzonden|skickat|sendt|dato|dagsetning|lähetetty|päiväys|päivämäärä|päivä|wysłano|wysłane|wysłana|data wysłania|odesláno|odoslané|odoslaná|dátum|elküldve|küldve|trimis|отправлено|дата|дата отправки|надіслано|дата надсилання|изпратено|gönderilme|gönderildi|gönderme|gönderim tarihi|tarih|στάλθηκε|ημερομηνία|απεστάλη|נשלח|תאריך|تم الإرسال|تاريخ الإرسال|أرسلت|أُرسلت|التاريخ|تاريخ|ارسال شده|发送时间|发送日期|已傳送|寄件日期|日期|时间|時間|送信日時|日時|送信済み|보낸 날짜|날짜|보낸날짜|วันที่|ส่ง|ส่งเมื่อ|ngày|đã gửi|gửi|tanggal|terkirim|dikirim|dihantar|kuupäev|saadetud|poslano|poslato|послато|išsiųsta|nosūtīts|bidalia|sent on|enviado em:";
/// To whom.
pub(super) const TO: &str = "to|an|à|a|para|aan|till|til|vastaanottaja|kenelle|do|komu|кому|címzett|către|до|kime|alıcı|προς|אל|إلى|الى|به|收件人|收件者|宛先|받는 사람|받는사람|수신|ถึง|đến|tới|kepada|ke|za|prima|kam|kellele|saaja|destinatario|destinataire|destinatário|empfänger|ontvanger|mottagare|modtager|mottaker|към|per a|nori|получатель|одержувач|adresát|odbiorca|gavėjas|saņēmējs|kome|прима|til:";
/// What it is called.
pub(super) const SUBJECT: &str = "subject|betreff|betr|objet|oggetto|asunto|assunto|onderwerp|ämne|emne|efni|aihe|temat|předmět|predmet|tárgy|subiect|тема|относно|предмет|konu|θέμα|נושא|הנדון|الموضوع|موضوع|主题|主旨|主題|件名|제목|เรื่อง|หัวเรื่อง|chủ đề|tiêu đề|subjek|perihal|judul|naslov|teema|tema|temats|assumpte|gaia|zadeva|наслов";

/// What a phone or a mail program puts below what is sent with it: before and behind its own name. `MADE_BY` has the names.
pub(super) const SENT_WITH: &[(&str, &str)] = &[
    ("sent from my ", ""),
    ("sent from ", ""),
    ("sent with ", ""),
    ("sent via ", ""),
    ("sent using ", ""),
    ("sent by ", ""),
    ("von meinem ", " gesendet"),
    ("von meiner ", " gesendet"),
    ("von ", " gesendet"),
    ("mit ", " gesendet"),
    ("gesendet von meinem ", ""),
    ("gesendet von ", ""),
    ("gesendet mit der ", ""),
    ("gesendet mit dem ", ""),
    ("gesendet mit ", ""),
    ("gesendet über ", ""),
    ("gesendet via ", ""),
    ("gesendet aus ", ""),
    ("diese nachricht wurde von meinem ", " gesendet"),
    ("diese nachricht wurde mit ", " gesendet"),
    ("diese e-mail wurde von meinem ", " gesendet"),
    ("envoyé de mon ", ""),
    ("envoyé depuis mon ", ""),
    ("envoyé depuis ", ""),
    ("envoyé à partir de ", ""),
    ("envoyé à partir d’", ""),
    ("envoyé à partir d'", ""),
    ("envoyé avec ", ""),
    ("envoyé par ", ""),
    ("envoyé via ", ""),
    ("enviado desde mi ", ""),
    ("enviado desde ", ""),
    ("enviado con ", ""),
    ("enviado vía ", ""),
    ("enviat des del meu ", ""),
    ("enviat des de ", ""),
    ("inviato da ", ""),
    ("inviato dal mio ", ""),
    ("inviato con ", ""),
    ("inviata da ", ""),
    ("inviata con ", ""),
    ("enviado do meu ", ""),
    ("enviada do meu ", ""),
    ("enviado a partir do meu ", ""),
    ("enviado a partir do ", ""),
    ("enviado do ", ""),
    ("enviado com ", ""),
    ("enviado via ", ""),
    ("verstuurd vanaf mijn ", ""),
    ("verzonden vanaf mijn ", ""),
    ("verzonden vanaf ", ""),
    ("verstuurd vanaf ", ""),
    ("verzonden met ", ""),
    ("verstuurd met ", ""),
    ("verzonden via ", ""),
    ("skickat från min ", ""),
    ("skickat från ", ""),
    ("skickades från min ", ""),
    ("skickat med ", ""),
    ("sendt fra min ", ""),
    ("sendt fra ", ""),
    ("sendt med ", ""),
    ("sendt via ", ""),
    ("lähetetty ", "ista"),
    ("lähetetty ", "esta"),
    ("lähetetty ", "lta"),
    ("lähetetty ", "ltä"),
    ("lähetetty ", "sta"),
    ("wysłane z mojego ", ""),
    ("wysłano z mojego ", ""),
    ("wysłane z ", ""),
    ("wysłano z ", ""),
    ("wysłano za pomocą ", ""),
    ("odesláno z mého ", ""),
    ("odesláno z ", ""),
    ("odesláno pomocí ", ""),
    ("odoslané z môjho ", ""),
    ("odoslané z ", ""),
    ("elküldve az ", "omról"),
    ("elküldve ", ""),
    ("küldve ", ""),
    ("trimis de pe ", ""),
    ("trimis din ", ""),
    ("trimis cu ", ""),
    ("отправлено с моего ", ""),
    ("отправлено с ", ""),
    ("отправлено из ", ""),
    ("надіслано з мого ", ""),
    ("надіслано з ", ""),
    ("надіслано із ", ""),
    ("изпратено от моя ", ""),
    ("изпратено от ", ""),
    ("στάλθηκε από το ", " μου"),
    ("στάλθηκε από ", ""),
    ("", "'umdan gönderildi"),
    ("", "'imden gönderildi"),
    ("", "'dan gönderildi"),
    ("", "’umdan gönderildi"),
    ("", "’dan gönderildi"),
    ("", "ımdan gönderildi"),
    ("", " ile gönderildi"),
    ("", "den gönderildi"),
    ("أُرسلت من الـ ", ""),
    ("أُرسلت من ", ""),
    ("أرسلت من ", ""),
    ("تم الإرسال من ", ""),
    ("مرسل من ", ""),
    ("נשלח מה-", ""),
    ("נשלח מה", ""),
    ("נשלח מ-", ""),
    ("ارسال‌شده از ", ""),
    ("ارسال شده از ", ""),
    ("发自我的", ""),
    ("从我的", "发送"),
    ("从", "发送"),
    ("发送自", ""),
    ("來自我的", ""),
    ("从我的 ", " 发送"),
    ("從我的", "傳送"),
    ("從我的 ", " 傳送"),
    ("寄自我的", ""),
    ("", "から送信"),
    ("", "より送信"),
    ("나의 ", "에서 보냄"),
    ("내 ", "에서 보냄"),
    ("", "에서 보냄"),
    ("ส่งจาก ", "ของฉัน"),
    ("ส่งจาก", ""),
    ("được gửi từ ", ""),
    ("đã gửi từ ", " của tôi"),
    ("gửi từ ", ""),
    ("dikirim dari ", " saya"),
    ("dikirim dari ", ""),
    ("dihantar dari ", ""),
    ("dihantar daripada ", " saya"),
    ("poslano s mojeg ", ""),
    ("poslano iz mojega ", ""),
    ("poslano s ", ""),
    ("poslano z ", ""),
    ("poslato sa mog ", ""),
    ("poslato sa ", ""),
    ("saadetud minu ", "ist"),
    ("saadetud ", ""),
    ("išsiųsta iš mano ", ""),
    ("išsiųsta iš ", ""),
    ("nosūtīts no mana ", ""),
    ("nosūtīts no ", ""),
    ("nire ", "etik bidalia"),
    ("sent frá ", ""),
];

/// A word of the device's or the program's own name.
pub(super) const MADE_BY: &str = "iphone|iphon|ipad|ipod|apple watch|ios|android|samsung|galaxy|huawei|honor|xiaomi|redmi|poco|oppo|oneplus|realme|vivo|nokia|blackberry|windows|outlook|yahoo|gmx|web.de|proton|k-9|k9|thunderbird|spark|fairemail|aquamail|tuta|tutanota|mail.ru|яндекс|yandex|gmail|mailspring|edison|bluemail|blue mail|zoho|fastmail|mymail|smartphone|handy|mobiltelefon|mobil|mobile|telefon|téléphone|telefoon|teléfono|cellulare|phone|pixel|xperia|sony|htc|motorola|nine|libero|orange|freenet|t-online|telekom|magenta|email.t-online|mailbird|em client|canary|airmail|newton|hey|superhuman|айфон|айпад|смартфон|телефон|iphonet|qq邮箱|网易|手机|携帯|スマートフォン|휴대폰";

/// “Get Outlook for iOS”, which stands below what its user never signed: the word that begins or ends it.
pub(super) const GET: &str = "get|hent|få|hämta|hanki|hae|holen|laden|beziehen|abrufen|herunterladen|obtenir|obtenez|télécharger|téléchargez|obtener|obtén|descargar|ottieni|scarica|obter|obtenha|baixar|downloaden|ophalen|download|pobierz|získat|získejte|získať|stáhnout|скачать|получить|завантажити|отримати|изтегляне|вземете|szerezze|beszerzése|obțineți|descărcați|λήψη|αποκτήστε|edinin|alın|indir|indirin|preuzmite|dobite|laadige|gaukite|iegūstiet|获取|下载|取得|下載|を入手|입수|다운로드|가져오기|ดาวน์โหลด|รับ|tải|nhận|dapatkan|unduh|الحصول|احصل|תקבל|קבל|הורד|دریافت";

/// Says that the author's answers stand in what is quoted, though nothing sets them off.
pub(super) const ANSWERED_WITHIN: &str = "see below|see my answers|see my comments|answers below|answer below|comments below|comment below|my replies below|reply below|replies below|responses below|inline|in-line|in line below|in red|in blue|in green|in bold|in colour|in color|marked below|between your lines|siehe unten|s. unten|s.u.|weiter unten|antworten unten|antworten stehen unten|im text unten|in deinem text|in ihrem text|in rot|in blau|in grün|rot markiert|farbig|zwischen den zeilen|voir ci-dessous|ci-dessous|en rouge|en bleu|en vert|dans le texte|más abajo|abajo en|en rojo|en azul|qui sotto|di seguito|in rosso|in blu|nel testo|abaixo|em vermelho|em azul|zie hieronder|hieronder|in het rood|in het blauw|tussen de regels|se nedan|nedan i|i rött|i blått|se nedenfor|nedenfor|med rødt|i rødt|med blåt|alla olevat|vastaukset alla|punaisella|poniżej|na czerwono|na niebiesko|níže|červeně|modře|nižšie|lentebb|pirossal|alább|mai jos|cu roșu|ниже|красным|синим|в тексте|нижче|червоним|синім|по-долу|παρακάτω|με κόκκινο|aşağıda|kırmızı|mavi ile|أدناه|بالأحمر|להלן|באדום|见下|如下|红字|红色|蓝色|見下|紅字|紅色|以下に|赤字|下記|아래|빨간|빨강";

/// How what came to the author's mind last begins.
pub(super) const AFTERTHOUGHTS: &str =
    "p.s|ps:|ps.|ps |p. s.|p.p.s|pps|p.d.|pd:|n.b.|nb:|з.ы.|зы|п.с.|пс:|υ.γ.|附言|追伸|추신|נ.ב";

/// What scanners put below a mail.
pub(super) const SCANNED: &str = "virus-free|checked for viruses|auf viren geprüft|virenfrei|viren überprüft|sans virus|analyse contre les virus|logiciel antivirus|libre de virus|sin virus|comprobado en busca de virus|senza virus|priva di virus|controllata per individuare virus|sem vírus|livre de vírus|verificado quanto à presença de vírus|virusvrij|gecontroleerd op virussen|virusfri|kontrollerats för virus|wolna od wirusów|sprawdzony pod kątem obecności wirusów|bez virů|zkontrolován na přítomnost virů|vírusmentes|fără viruși|без вирусов|проверено на вирусы|проверено на наличие вирусов|virüs bulunmuyor|www.avast.com|www.avg.com|scanned by mailscanner|believed to be clean";
