//! E-mail over a real connection.

use node::mail::{Mail, MailError, Server};
use smol_str::SmolStr;

use crate::post_office::{Letter, Manner, PostOffice};

async fn send(address: &str) -> Result<(), MailError> {
    let to = [SmolStr::new("nurse@clinic.example"), SmolStr::new("doctor@clinic.example")];
    let mail =
        Mail { id: "7.1".to_owned(), to: &to, subject: "Rougeole à Kigali", body: "Trois cas.\n.\nÀ voir" };
    Server::read(address).unwrap().send(&mail).await
}

fn authority() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/certificates/authority.pem");
    path.replace('/', "%2F")
}

async fn delivered(manner: Manner, address: impl Fn(u16) -> String) -> Letter {
    let office = PostOffice::open(manner).await;
    send(&address(office.port)).await.unwrap();
    let letters = office.letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 1);
    letters[0].clone()
}

#[tokio::test]
async fn an_e_mail_is_handed_over_with_login_sender_and_text() {
    let letter = delivered(Manner::Plain, |port| {
        format!("smtp://me%40b.org:p%40ss@localhost:{port}/?from=Line%20%3Cline%40b.org%3E&tls=none")
    })
    .await;
    // AUTH PLAIN: base64 of NUL, user, NUL, password.
    assert_eq!(letter.login.as_deref(), Some("AG1lQGIub3JnAHBAc3M="));
    assert!(letter.from.contains("<line@b.org>"), "{letter:?}");
    assert_eq!(letter.to.len(), 2);
    assert!(letter.data.contains("Message-ID: <7.1@b.org>"), "{}", letter.data);
    assert!(letter.data.contains("=?utf-8?b?"), "a subject in any script: {}", letter.data);
    assert!(!letter.over_tls);
}

#[tokio::test]
async fn the_connection_is_protected_before_anything_is_said() {
    for (manner, scheme) in [(Manner::StartTls, "smtp"), (Manner::Immediate, "smtps")] {
        let ca = authority();
        let letter = delivered(manner, |port| {
            format!("{scheme}://me:secret@localhost:{port}/?from=line%40b.org&ca={ca}")
        })
        .await;
        assert!(letter.over_tls && letter.login.is_some(), "{manner:?}");
    }
}

#[tokio::test]
async fn without_tls_or_a_certificate_that_is_trusted_nothing_is_sent() {
    let ca = authority();
    for (manner, options) in [(Manner::Plain, format!("&ca={ca}")), (Manner::StartTls, String::new())] {
        let office = PostOffice::open(manner).await;
        let sent =
            send(&format!("smtp://me:secret@localhost:{}/?from=l%40b.org{options}", office.port)).await;
        assert!(sent.is_err(), "{manner:?}");
        assert!(office.letters.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_a_server_refuses_is_told_from_one_that_is_away() {
    let at = |port: u16| format!("smtp://localhost:{port}/?from=line%40b.org&tls=none");
    let refusing = PostOffice::open(Manner::RefusesRecipients).await;
    let Err(MailError::Refused(reason)) = send(&at(refusing.port)).await else { panic!("refused") };
    assert!(reason.contains("nobody of this name"), "{reason}");
    for manner in [Manner::Busy, Manner::HangsUp] {
        let office = PostOffice::open(manner).await;
        let sent = send(&at(office.port)).await;
        assert!(matches!(sent, Err(MailError::NotReached(_))), "{manner:?} {sent:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(matches!(send(&at(closed)).await, Err(MailError::NotReached(_))));
}
