//! `leapp lock` and `leapp vault`: the vault itself.

use crate::{
    cli::{Reset, VaultCommand},
    context::Context,
    error::{Error, Kind, Result},
    generation,
    ui::form::Form,
    vault,
};

/// Does what is asked with the vault.
pub(super) fn run(context: &Context, command: &VaultCommand) -> Result<()> {
    match command {
        VaultCommand::Reset(arguments) => reset(context, arguments),
    }
}

/// Has the kernel forget the unlocked key.
pub(super) fn lock(context: &Context) -> Result<()> {
    let said = if vault::lock(context)? { "the vault is locked" } else { "the vault was locked already" };
    context.say(said);
    Ok(())
}

/// Forgets the vault once the person agrees. Needs neither its key nor a header that can be read.
fn reset(context: &Context, arguments: &Reset) -> Result<()> {
    if !arguments.force {
        confirm(context)?;
    }
    // What is being got meanwhile would be sealed with the old key.
    generation::sign_out(context);
    let done = vault::reset(context);
    generation::bump(context);
    done?;
    context.say("the vault is empty; the next sign-in makes a new one");
    Ok(())
}

fn confirm(context: &Context) -> Result<()> {
    let cannot = || Error::new("the vault stays as it is");
    let form = Form::open(context).ok_or_else(|| {
        cannot().because("there is no terminal to ask on").hint("run: leapp vault reset --force").kind(Kind::Usage)
    })?;
    if form.confirm("Forget all credentials in the vault, and its key?")? {
        return Ok(());
    }
    Err(cannot().because("you did not say yes").kind(Kind::Cancelled))
}
