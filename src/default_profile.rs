//! The `[default]` profile of the person's AWS files, which SDKs ask before an endpoint: keys or a `credential_process`
//! in it would win, so that a command would run as somebody else. It gets files in which they are not.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    context::Context,
    environment::Plan,
    error::{Error, Result},
    files::{self, private_folder},
    named_profiles::Kind,
    profile_credentials::{Winning, without_credentials},
};

/// Its name.
const PROFILE: &str = "default";

/// A credentials or config file larger than this is none.
const MAX_BYTES: u64 = 4 << 20;

/// The two files, the variables that name others, and what a command sees in their place.
const FILES: [AwsFile; 2] = [
    AwsFile {
        kind: Kind::Credentials,
        variable: "AWS_SHARED_CREDENTIALS_FILE",
        place: ".aws/credentials",
        stand_in: StandIn::Nothing,
    },
    AwsFile { kind: Kind::Config, variable: "AWS_CONFIG_FILE", place: ".aws/config", stand_in: StandIn::Copy },
];

struct AwsFile {
    kind: Kind,
    variable: &'static str,
    place: &'static str,
    stand_in: StandIn,
}

/// What a command sees in the place of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StandIn {
    /// An empty file: a copy would put the secrets of other profiles on the disk a second time.
    Nothing,
    /// A copy without what wins: regions, outputs and other profiles are needed.
    Copy,
}

/// A file in which `[default]` would win.
pub(crate) struct Rival {
    path: PathBuf,
    /// The first key of `[default]` that wins.
    key: String,
    variable: &'static str,
    stand_in: StandIn,
    /// The file without what wins.
    rest: String,
}

/// Files that stand in for those of the person, until this is dropped.
pub(crate) struct Shelter {
    _folder: TempDir,
    /// It, locked: nobody takes it for one that was left.
    _held: File,
}

/// The files in which `[default]` would win over an endpoint. One that cannot be read is no rival: no SDK reads it.
pub(crate) fn rivals(context: &Context) -> Vec<Rival> {
    FILES.iter().filter_map(|file| Rival::find(context, file)).collect()
}

impl Rival {
    fn find(context: &Context, file: &AwsFile) -> Option<Self> {
        let home = &context.paths().home;
        let path = match context.environment().get_os(file.variable).map(PathBuf::from) {
            Some(named) => named.strip_prefix("~").map_or_else(|_| named.clone(), |rest| home.join(rest)),
            None => home.join(file.place),
        };
        let bytes = files::read_bounded(&path, MAX_BYTES).ok()??;
        let text = String::from_utf8_lossy(&bytes);
        let key = Winning::under(PROFILE, file.kind, &text)?.key;
        let rest = without_credentials(PROFILE, file.kind, &text);
        Some(Self { path, key, variable: file.variable, stand_in: file.stand_in, rest })
    }

    /// What is wrong with it.
    pub(crate) fn sentence(&self, context: &Context) -> String {
        let (file, key) = (context.paths().short(&self.path), &self.key);
        format!("{file} has `{key}` under [default], which SDKs prefer to an endpoint")
    }

    /// The variable that names another file.
    pub(crate) fn variable(&self) -> &'static str {
        self.variable
    }
}

impl Shelter {
    /// Puts files in the place of the rivals, into the plan too; and says so. None where there are no rivals.
    ///
    /// # Errors
    /// Where the files cannot be written: the command would run as somebody else.
    pub(crate) fn from(context: &Context, rivals: &[Rival], plan: &mut Plan) -> Result<Option<Self>> {
        let Some(first) = rivals.first() else { return Ok(None) };
        let cannot = |error: io::Error| {
            let hint = format!("or take it out of {}", context.paths().short(&first.path));
            Error::new("cannot keep other credentials from the command").because(error).hint(hint)
        };
        let (folder, held) = folder(context).map_err(cannot)?;
        for rival in rivals {
            let path = folder.path().join(rival.variable.to_lowercase());
            let (text, seen) = match rival.stand_in {
                StandIn::Nothing => ("", "an empty file"),
                StandIn::Copy => (rival.rest.as_str(), "a copy without it"),
            };
            files::replace(&path, text.as_bytes(), files::Durability::Cached).map_err(cannot)?;
            let path = path.to_str().ok_or_else(|| cannot(io::Error::other("its path is not UTF-8")))?;
            plan.set(rival.variable, path)?;
            context.say(format!("{}: the command sees {seen} in its place", rival.sentence(context)));
        }
        Ok(Some(Self { _folder: folder, _held: held }))
    }
}

/// A folder for this process alone (mode 0700), held locked until the process ends.
fn folder(context: &Context) -> io::Result<(TempDir, File)> {
    let place = place(context);
    private_folder(&place)?;
    sweep(context);
    let _no_sweep = lock(&place)?;
    let folder = TempDir::new_in(&place)?;
    let held = lock(folder.path())?;
    Ok((folder, held))
}

/// Removes the folders of processes that were killed, which nobody holds.
pub(crate) fn sweep(context: &Context) {
    let Ok(_none_is_made) = lock(&place(context)) else { return };
    for left in fs::read_dir(place(context)).into_iter().flatten().flatten() {
        if File::open(left.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(left.path());
        }
    }
}

fn lock(folder: &Path) -> io::Result<File> {
    let folder = File::open(folder)?;
    // Where nothing can be locked, nothing is swept either.
    let _ = folder.lock();
    Ok(folder)
}

fn place(context: &Context) -> PathBuf {
    context.paths().state.join("run")
}
