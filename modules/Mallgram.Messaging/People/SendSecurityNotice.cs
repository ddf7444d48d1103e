using System.Globalization;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Outbox;
using Mallgram.Messaging.Email;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Messaging.People;

/// <summary>Tells a person by mail what happened to their account, in case it was not them. Without an address there is no mail.</summary>
internal sealed class SendSecurityNotice(IRecipients people, IDataProtectionProvider protection, EmailDelivery mails) : IOutboxHandler
{
    public static string Type => PeopleEvents.SecurityNotice;

    public static string Effect => "mail";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var notice = message.Read<SecurityNotice>();
        // Erased meanwhile, or reached by phone only.
        if (await people.FindAsync(notice.UserId, ct) is not { } person || (notice.FormerEmail(protection) ?? person.Email) is not { } address)
        {
            return;
        }

        var (subject, what) = TextOf(notice.Kind);
        await mails.SendAsync(
            message, "security_notice", address, person.Language,
            store => new SecurityNoticeMail(
                store.Name, person.FullName, subject.With(store.Name).In(person.Language), what.In(person.Language),
                message.OccurredAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
            ct);
    }

    internal static (LocalText Subject, LocalText What) TextOf(string kind) => kind switch
    {
        SecurityNotice.PasswordChanged => (
            new("Your password for {0} was changed", "Votre mot de passe pour {0} a été changé"),
            new("The password of your account was changed.", "Le mot de passe de votre compte a été changé.")),
        SecurityNotice.NewDevice => (
            new("A new sign-in to {0}", "Nouvelle connexion à {0}"),
            new("Somebody signed in to your account from a device that we had not seen before.",
                "Quelqu'un s'est connecté à votre compte depuis un appareil inconnu jusqu'ici.")),
        SecurityNotice.EmailChanged => (
            new("Your e-mail address for {0} was changed", "Votre adresse e-mail pour {0} a été changée"),
            new("The e-mail address of your account was changed.", "L'adresse e-mail de votre compte a été changée.")),
        SecurityNotice.SecondFactorRemoved => (
            new("A second step of your sign-in to {0} was removed", "Une seconde étape de votre connexion à {0} a été retirée"),
            new("A second step of your sign-in was removed.", "Une seconde étape de votre connexion a été retirée.")),
        SecurityNotice.Locked => (
            new("Your account at {0} was locked", "Votre compte chez {0} a été verrouillé"),
            new("Too many wrong passwords were tried on your account, so passwords are refused for a while. A new password, or a code where you"
                + " can sign in with one, opens it at once.",
                "Trop de mots de passe erronés ont été essayés sur votre compte : les mots de passe sont refusés pour un moment. Un nouveau mot"
                + " de passe, ou un code si vous pouvez vous connecter ainsi, l'ouvre aussitôt.")),
        _ => throw new InvalidOperationException($"There is no text for a notice of kind {kind}."),
    };
}

/// <summary>What the template <c>security_notice</c> says.</summary>
/// <param name="Time">When it happened, in UTC.</param>
internal sealed record SecurityNoticeMail(string Store, string FullName, string Subject, string What, string Time);
