//! The chat page's own words, in the languages we can vouch for; what the conversation says is the flow's.

use serde::Serialize;

/// Every phrase of the page. Names are those the script uses.
#[derive(Serialize)]
pub(super) struct Words {
    #[serde(skip)]
    pub(super) language: &'static str,
    #[serde(skip)]
    pub(super) noscript: &'static str,
    #[serde(skip)]
    pub(super) introduction: &'static str,
    connecting: &'static str,
    online: &'static str,
    offline: &'static str,
    write: &'static str,
    send: &'static str,
    sending: &'static str,
    waiting: &'static str,
    failed: &'static str,
    retry: &'static str,
    fresh: &'static str,
    forget: &'static str,
    suggested: &'static str,
    attachment: &'static str,
    conversation: &'static str,
    slow: &'static str,
}

impl Words {
    /// Writing direction of the language.
    pub(super) fn direction(&self) -> &'static str {
        if self.language == "ar" { "rtl" } else { "ltr" }
    }
}

/// The words of the first language in `wanted` that we have, else English. A tag's region is passed over.
pub(super) fn words<'a>(wanted: impl IntoIterator<Item = &'a str>) -> &'static Words {
    wanted
        .into_iter()
        .find_map(|tag| {
            let language = tag.trim().split(['-', '_', ';']).next().unwrap_or_default();
            ALL.iter().find(|words| words.language.eq_ignore_ascii_case(language))
        })
        .unwrap_or(&ALL[0])
}

const ALL: [Words; 6] = [
    Words {
        language: "en",
        noscript: "This chat needs JavaScript. Please turn it on, or open this address in another browser.",
        introduction: "Write a message to begin.",
        connecting: "Connecting…",
        online: "Online",
        offline: "No connection. Trying again…",
        write: "Write a message",
        send: "Send",
        sending: "Sending…",
        waiting: "Waiting for a connection…",
        failed: "Not sent.",
        retry: "Try again",
        fresh: "New chat",
        forget: "Forget this conversation on this device and start a new one?",
        suggested: "Suggested answers",
        attachment: "Attachment",
        conversation: "Conversation",
        slow: "Too many messages. Please wait a little.",
    },
    Words {
        language: "fr",
        noscript: "Cette page a besoin de JavaScript. Activez-le ou ouvrez cette adresse dans un autre navigateur.",
        introduction: "Écrivez un message pour commencer.",
        connecting: "Connexion…",
        online: "En ligne",
        offline: "Pas de connexion. Nouvel essai…",
        write: "Écrivez un message",
        send: "Envoyer",
        sending: "Envoi…",
        waiting: "En attente de connexion…",
        failed: "Non envoyé.",
        retry: "Réessayer",
        fresh: "Nouveau",
        forget: "Oublier cette conversation sur cet appareil et en commencer une autre ?",
        suggested: "Réponses proposées",
        attachment: "Pièce jointe",
        conversation: "Conversation",
        slow: "Trop de messages. Patientez un peu.",
    },
    Words {
        language: "pt",
        noscript: "Esta página precisa de JavaScript. Ative-o ou abra este endereço noutro navegador.",
        introduction: "Escreva uma mensagem para começar.",
        connecting: "A ligar…",
        online: "Em linha",
        offline: "Sem ligação. A tentar de novo…",
        write: "Escreva uma mensagem",
        send: "Enviar",
        sending: "A enviar…",
        waiting: "À espera de ligação…",
        failed: "Não enviada.",
        retry: "Tentar de novo",
        fresh: "Nova",
        forget: "Esquecer esta conversa neste aparelho e começar outra?",
        suggested: "Respostas sugeridas",
        attachment: "Anexo",
        conversation: "Conversa",
        slow: "Demasiadas mensagens. Espere um pouco.",
    },
    Words {
        language: "es",
        noscript: "Esta página necesita JavaScript. Actívelo o abra esta dirección en otro navegador.",
        introduction: "Escriba un mensaje para empezar.",
        connecting: "Conectando…",
        online: "En línea",
        offline: "Sin conexión. Reintentando…",
        write: "Escriba un mensaje",
        send: "Enviar",
        sending: "Enviando…",
        waiting: "Esperando conexión…",
        failed: "No enviado.",
        retry: "Reintentar",
        fresh: "Nuevo",
        forget: "¿Olvidar esta conversación en este dispositivo y empezar otra?",
        suggested: "Respuestas sugeridas",
        attachment: "Adjunto",
        conversation: "Conversación",
        slow: "Demasiados mensajes. Espere un poco.",
    },
    Words {
        language: "sw",
        noscript: "Ukurasa huu unahitaji JavaScript. Tafadhali iwashe, au fungua anwani hii kwenye kivinjari kingine.",
        introduction: "Andika ujumbe ili kuanza.",
        connecting: "Inaunganisha…",
        online: "Mtandaoni",
        offline: "Hakuna mtandao. Inajaribu tena…",
        write: "Andika ujumbe",
        send: "Tuma",
        sending: "Inatuma…",
        waiting: "Inasubiri mtandao…",
        failed: "Haijatumwa.",
        retry: "Jaribu tena",
        fresh: "Mazungumzo mapya",
        forget: "Usahau mazungumzo haya kwenye kifaa hiki na uanze mapya?",
        suggested: "Majibu yaliyopendekezwa",
        attachment: "Kiambatisho",
        conversation: "Mazungumzo",
        slow: "Ujumbe mwingi mno. Subiri kidogo.",
    },
    Words {
        language: "ar",
        noscript: "تحتاج هذه الصفحة إلى جافاسكربت. يرجى تفعيله أو فتح هذا العنوان في متصفح آخر.",
        introduction: "اكتب رسالة للبدء.",
        connecting: "جارٍ الاتصال…",
        online: "متصل",
        offline: "لا يوجد اتصال. نحاول مجددًا…",
        write: "اكتب رسالة",
        send: "إرسال",
        sending: "جارٍ الإرسال…",
        waiting: "في انتظار الاتصال…",
        failed: "لم تُرسل.",
        retry: "أعد المحاولة",
        fresh: "محادثة جديدة",
        forget: "هل تريد نسيان هذه المحادثة على هذا الجهاز وبدء محادثة جديدة؟",
        suggested: "إجابات مقترحة",
        attachment: "مرفق",
        conversation: "المحادثة",
        slow: "رسائل كثيرة. انتظر قليلًا.",
    },
];

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn takes_the_first_language_we_have() {
        let cases: [(&[&str], &str); 5] = [
            (&["pt-MZ"], "pt"),
            (&["xh", " sw;q=0.5", "en"], "sw"),
            (&["AR"], "ar"),
            (&["xx"], "en"),
            (&[], "en"),
        ];
        for (wanted, expected) in cases {
            assert_eq!(words(wanted.iter().copied()).language, expected, "{wanted:?}");
        }
    }
}
