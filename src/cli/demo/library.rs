//! What the demo's drive holds: media that play, names that are hard, a folder that is long.

use sim115::{Content, Raw, Sim};

const CLIP: &[u8] = include_bytes!("../../../demo/clip.mp4");
const MATROSKA: &[u8] = include_bytes!("../../../demo/clip.mkv");
const TONE: &[u8] = include_bytes!("../../../demo/tone.mp3");
const PHOTO: &[u8] = include_bytes!("../../../demo/picture.jpg");
const DRAWING: &[u8] = include_bytes!("../../../demo/picture.png");

/// Entries of the long folder.
const MANY: u32 = 3_000;
/// Some day in 2024: the listing shows different times.
const BEGIN: u64 = 1_714_550_000;

/// Fills the drive.
pub(super) fn fill(sim: &Sim) {
    let mut at = BEGIN;
    let mut put = |path: &str, content: Content| {
        at += 93_784;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        sim.raw_file(sim.folder(folder), name, content, Raw { created: Some(at), ..Raw::default() });
    };
    put("/Films/Clip.mp4", Content::bytes(CLIP));
    put("/Films/Clip.mkv", Content::bytes(MATROSKA));
    put("/Films/Clip.en.srt", Content::bytes(subtitles("A test picture,", "a minute of it.")));
    put("/Films/Clip.zh.srt", Content::bytes(subtitles("测试图像，", "一分钟。")));
    put("/Films/电影 🎬/中文片名 第01集.mp4", Content::bytes(CLIP));
    put("/Films/电影 🎬/中文片名 第02集.mkv", Content::bytes(MATROSKA));
    put("/Films/电影 🎬/中文片名 第10集.mp4", Content::bytes(CLIP));
    put("/Music/Tone.mp3", Content::bytes(TONE));
    put("/Music/Silence & \"Noise\" #1.wav", Content::bytes(wave()));
    put("/Pictures/Fractal.jpg", Content::bytes(PHOTO));
    put("/Pictures/Test card.png", Content::bytes(DRAWING));
    put("/Large/10 GiB of numbers.bin", Content::pattern(10 << 30));
    put("/Large/100 MiB of numbers.bin", Content::pattern(100 << 20));
    put("/Odd names/100% <b>&amp; ?x=1#y.txt", Content::bytes("Every name can be reached.\n"));
    put("/Odd names/a/b.txt", Content::bytes("A file in a folder.\n"));
    put("/Odd names/emoji 🚀🌏.txt", Content::bytes("🚀\n"));
    put("/Odd names/empty.txt", Content::bytes(""));
    put("/Read me.txt", Content::bytes("This drive is made up. Delete nothing, fear nothing.\n"));
    let odd = sim.folder("/Odd names");
    sim.raw_file(
        odd,
        "slash/in the name.txt",
        Content::bytes("The name has a slash in it.\n"),
        Raw { created: Some(BEGIN), ..Raw::default() },
    );
    for n in 0..2 {
        let text = format!("Version {n} of two files with one name.\n");
        sim.raw_file(odd, "twins.txt", Content::bytes(text), Raw { created: Some(BEGIN + n), ..Raw::default() });
    }
    sim.raw_file(
        odd,
        "still uploading.mkv",
        Content::pattern(1 << 20),
        Raw { created: Some(BEGIN), incomplete: true, ..Raw::default() },
    );
    let many = sim.folder("/Many");
    for n in 1..=MANY {
        sim.raw_file(
            many,
            &format!("Note {n}.txt"),
            Content::bytes(format!("Note {n} of {MANY}.\n")),
            Raw { created: Some(BEGIN + u64::from(n)), ..Raw::default() },
        );
    }
}

/// A line for each half of the clip's minute.
fn subtitles(first: &str, second: &str) -> String {
    format!("1\n00:00:00,000 --> 00:00:30,000\n{first}\n\n2\n00:00:30,000 --> 00:01:00,000\n{second}\n")
}

/// Five seconds of a quiet saw tooth: 8 kHz, 8 bits, one channel.
fn wave() -> Vec<u8> {
    const RATE: u32 = 8_000;
    const LENGTH: u32 = 5 * RATE;
    let mut wave = Vec::with_capacity(44 + LENGTH as usize);
    for (tag, numbers) in
        [("RIFF", &[36 + LENGTH][..]), ("WAVEfmt ", &[16, 0x0001_0001, RATE, RATE, 0x0008_0001]), ("data", &[LENGTH])]
    {
        wave.extend_from_slice(tag.as_bytes());
        wave.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
    wave.extend((0..LENGTH).map(|n| 112 + (n % 32) as u8));
    wave
}
