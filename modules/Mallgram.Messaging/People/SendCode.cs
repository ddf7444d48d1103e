using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Outbox;
using Mallgram.Messaging.Email;
using Mallgram.Messaging.Sms;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Messaging.People;

/// <summary>Sends a one-time code, in the person's language or that of the request.</summary>
internal sealed class SendCode(
    IRecipients people, IDataProtectionProvider protection, EmailDelivery mails, TextDelivery texts, TimeProvider clock) : IOutboxHandler
{
    private const string Template = "code";

    public static string Type => PeopleEvents.CodeRequested;

    public static string Effect => "send";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var request = message.Read<CodeRequested>();
        var left = request.ExpiresAt - clock.GetUtcNow();
        if (!request.IsWanted || left <= TimeSpan.Zero)
        {
            return;
        }

        var language = request.UserId is { } id && await people.FindAsync(id, ct) is { } person ? person.Language : request.Language;
        var (destination, code) = request.Open(protection);
        var minutes = (int)Math.Ceiling(left.TotalMinutes);
        if (request.Channel == Identity.Contracts.CodeChannels.Sms)
        {
            await texts.SendAsync(
                message, Template, destination, language, store => TextOf(request.Purpose).With(store.Name, code, minutes).In(language), ct);
        }
        else
        {
            var (subject, why) = MailOf(request.Purpose);
            await mails.SendAsync(
                message, Template, destination, language,
                store => new CodeMail(
                    store.Name, subject.With(store.Name).In(language), why.With(store.Name).In(language), code, minutes,
                    LinkOf(store, request.Purpose, destination, code)),
                ct);
        }
    }

    // After the '#', which browsers keep to themselves: address and code reach no server's log. A second factor goes with its challenge, which
    // the page that asked for it has.
    internal static string? LinkOf(Store store, string purpose, string email, string code) =>
        store.Look.FrontEnd is { } frontEnd && purpose != CodePurposes.SecondFactor
            ? $"{frontEnd}/verify?purpose={purpose}#email={Uri.EscapeDataString(email)}&code={code}"
            : null;

    // Letters that every phone's basic alphabet has (GSM 03.38), so that one message is enough.
    internal static LocalText TextOf(string purpose) => purpose switch
    {
        CodePurposes.SignIn => new(
            "{0}: {1} is your code to sign in. It is good for {2} minutes. Give it to nobody.",
            "{0} : {1} est votre code de connexion. Il est valable {2} minutes. Ne le donnez à personne."),
        CodePurposes.ResetPassword => new(
            "{0}: {1} is your code for a new password. It is good for {2} minutes. Give it to nobody.",
            "{0} : {1} est votre code pour un nouveau mot de passe. Il est valable {2} minutes. Ne le donnez à personne."),
        CodePurposes.SecondFactor => new(
            "{0}: {1} is your security code. It is good for {2} minutes. Give it to nobody.",
            "{0} : {1} est votre code de sécurité. Il est valable {2} minutes. Ne le donnez à personne."),
        _ => new(
            "{0}: {1} is the code that confirms your number. It is good for {2} minutes.",
            "{0} : {1} est le code qui confirme votre numéro. Il est valable {2} minutes."),
    };

    internal static (LocalText Subject, LocalText Why) MailOf(string purpose) => purpose switch
    {
        CodePurposes.SignIn => (
            new("Your code to sign in to {0}", "Votre code de connexion à {0}"),
            new("This code signs you in to {0}:", "Ce code vous connecte à {0} :")),
        CodePurposes.ResetPassword => (
            new("A new password for {0}", "Un nouveau mot de passe pour {0}"),
            new("With this code you can choose a new password for {0}:", "Ce code vous permet de choisir un nouveau mot de passe pour {0} :")),
        CodePurposes.SecondFactor => (
            new("Your security code for {0}", "Votre code de sécurité pour {0}"),
            new("This code is the second step of your sign-in to {0}:", "Ce code est la seconde étape de votre connexion à {0} :")),
        _ => (
            new("Confirm your e-mail address for {0}", "Confirmez votre adresse e-mail pour {0}"),
            new("This code confirms your e-mail address for {0}:", "Ce code confirme votre adresse e-mail pour {0} :")),
    };
}

/// <summary>What the template <c>code</c> says. The subject is kept in the message log, so the code is not in it.</summary>
/// <param name="Minutes">How long the code is still good.</param>
/// <param name="Link">Page of the storefront that gives the code in; null where the store has named no storefront.</param>
internal sealed record CodeMail(string Store, string Subject, string Why, string Code, int Minutes, string? Link);
