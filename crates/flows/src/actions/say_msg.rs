//! `say_msg` and `play_audio`: speaks in a call.

use smol_str::SmolStr;

use super::{Outcome, send_msg::locale};
use crate::{
    engine::work::Work,
    events::{EventKind, IvrCreated, MsgOut},
    program::{Localized, Program, Text},
};

pub(super) fn say(
    work: &mut Work<'_>,
    program: &Program,
    text: &Localized<Text>,
    audio_url: &Localized<SmolStr>,
) -> Outcome {
    let order = work.language_order(program);
    let (text, language) = text.pick(&order);
    let (text, _) = work.render(text);
    let text = SmolStr::new(text.trim());
    let audio = audio_url.get(&order).trim();
    if text.is_empty() && audio.is_empty() {
        work.error("Can't say message without audio URL or backdown text");
        return Outcome::Done;
    }
    let locale = locale(work, program, language);
    speak(work, text, audio, locale);
    Outcome::Done
}

pub(super) fn play(work: &mut Work<'_>, program: &Program, audio_url: &Localized<Text>) -> Outcome {
    let order = work.language_order(program);
    let (audio, language) = audio_url.pick(&order);
    let (audio, fine) = work.render(audio);
    if !fine {
        return Outcome::Done;
    }
    let audio = audio.trim();
    if audio.is_empty() {
        work.error("Audio URL evaluated to empty, skipping");
        return Outcome::Done;
    }
    let locale = locale(work, program, language);
    speak(work, SmolStr::default(), audio, locale);
    Outcome::Done
}

fn speak(work: &mut Work<'_>, text: SmolStr, audio: &str, locale: SmolStr) {
    let attachments =
        if audio.is_empty() { Vec::new() } else { vec![smol_str::format_smolstr!("audio:{audio}")] };
    let call = work.session.call.as_ref();
    let msg = MsgOut {
        urn: call.map(|call| call.urn.clone()),
        channel: call.map(|call| call.channel.clone()),
        text,
        attachments,
        locale,
        ..MsgOut::default()
    };
    work.event(EventKind::IvrCreated(IvrCreated { msg }));
}
