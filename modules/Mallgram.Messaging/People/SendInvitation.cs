using System.Globalization;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Outbox;
using Mallgram.Messaging.Email;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Messaging.People;

/// <summary>Mails an invitation to join a store's staff, in the store's language.</summary>
internal sealed class SendInvitation(IDataProtectionProvider protection, EmailDelivery mails, TimeProvider clock) : IOutboxHandler
{
    public static string Type => PeopleEvents.Invitation;

    public static string Effect => "mail";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var invitation = message.Read<InvitationSent>();
        if (invitation.ExpiresAt <= clock.GetUtcNow())
        {
            return;
        }

        var (email, token, invitedBy) = invitation.Open(protection);
        var language = invitation.Language;
        await mails.SendAsync(
            message, "invitation", email, language,
            store => new InvitationMail(
                store.Name, invitedBy, RoleOf(invitation.Role).In(language), token,
                store.Look.FrontEnd is { } address ? $"{address}/accept-invitation#token={token}" : null,
                invitation.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
            ct);
    }

    private static LocalText RoleOf(string role) => role switch
    {
        Roles.Owner => new("owner", "propriétaire"),
        Roles.Admin => new("administrator", "administrateur"),
        Roles.Manager => new("manager", "gérant"),
        Roles.Moderator => new("moderator", "modérateur"),
        Roles.Support => new("customer support", "service client"),
        Roles.Fulfilment => new("fulfilment", "expédition"),
        _ => throw new InvalidOperationException($"There is no text for the role {role}."),
    };
}

/// <summary>What the template <c>invitation</c> says.</summary>
/// <param name="InvitedBy">Null: no person.</param>
/// <param name="Link">Null when the store's front end is not known; the token alone is enough. It stands after the #, which browsers do
/// not send.</param>
/// <param name="Until">In UTC.</param>
internal sealed record InvitationMail(string Store, string? InvitedBy, string Role, string Token, string? Link, string Until);
