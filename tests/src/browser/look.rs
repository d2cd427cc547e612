//! How a screen looks: the size of the window, light and dark, pictures of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Browser;

/// Which colours the reader's system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark words on light paper.
    Light,
    /// Light words on dark paper.
    Dark,
}

impl Scheme {
    /// Its word in style sheets.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Browser {
    /// Gives the window a size in pixels.
    #[track_caller]
    pub fn size(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size);
    }

    /// Has the system ask for light or dark colours, and for no motion: a picture is of what stays.
    #[track_caller]
    pub fn scheme(&self, scheme: Scheme) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme.word() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.command(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// Writes the whole screen into a file, also what is below the window's edge.
    #[track_caller]
    pub fn picture(&self, path: &Path) {
        let size = self.command("Page.getLayoutMetrics", json!({}));
        // Without the bar that scrolls the screen is as wide as the window.
        let (width, height) = (
            self.run("return innerWidth", &[]),
            &size["cssContentSize"]["height"],
        );
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.command("Page.captureScreenshot", wanted);
        write(&answer["data"], path);
    }
}

/// Writes a picture that came as base64.
#[track_caller]
pub(super) fn write(picture: &Value, path: &Path) {
    let text = picture.as_str().expect("a picture");
    let bytes = data_encoding::BASE64
        .decode(text.as_bytes())
        .expect("a picture in base64");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("a folder for pictures");
    }
    std::fs::write(path, bytes).expect("a file for the picture");
}

/// Returns the folder for pictures, in the target folder of the build.
#[track_caller]
pub fn screens_folder() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let target = test.ancestors().nth(3).expect("the target folder");
    target.join("screens")
}
