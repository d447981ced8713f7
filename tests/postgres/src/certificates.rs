//! A certificate authority of one test, made by the openssl program, and what it signs.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::run;

const CURVE: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/// An authority that nobody knows but who is given its certificate. Removed with the value.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// If the openssl program is not installed or fails.
    pub fn create() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("seedling-authority-")
            .tempdir()
            .expect("temporary files can be made");
        let this = Self { folder };
        // Each has a name of its own: two of one name would be taken for one that changed its key.
        let subject = format!("/CN={}", this.folder.path().file_name().unwrap_or_default().to_string_lossy());
        let request = ["req", "-x509", "-nodes", "-subj", &subject, "-days", "30"];
        this.openssl(&[&request[..], &CURVE, &["-keyout", "ca.key", "-out", "ca.pem"]].concat());
        this
    }

    /// The file with its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Signs a certificate for `name`, which is a host or a user; answers the files of certificate and key.
    pub fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        let file = |ending| format!("{name}.{ending}");
        std::fs::write(
            self.folder.path().join(file("ext")),
            format!("subjectAltName = DNS:{name}\nbasicConstraints = critical, CA:FALSE\n"),
        )
        .expect("the folder is there");
        let (subject, [key, request, signed, extensions]) =
            (format!("/CN={name}"), ["key", "csr", "pem", "ext"].map(file));
        let ask = ["req", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &request];
        self.openssl(&[&ask[..], &CURVE].concat());
        let sign = ["x509", "-req", "-days", "30", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        let files = ["-in", &request, "-out", &signed, "-extfile", &extensions];
        self.openssl(&[&sign[..], &files].concat());
        (self.folder.path().join(file("pem")), self.folder.path().join(file("key")))
    }

    fn openssl(&self, arguments: &[&str]) {
        drop(run(Command::new("openssl").args(arguments).current_dir(self.folder.path())));
    }
}
