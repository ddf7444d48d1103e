using Mallgram.Identity.SignIn;
using Mallgram.Identity.Staff;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.Platform;

internal sealed record AcceptPlatformInvitationRequest(string? Token, string? Password);

/// <summary>Makes an administrator of whoever holds the token of the mail, with the password they choose, and signs them in.</summary>
internal sealed class AcceptPlatformInvitation(
    PlatformDatabase database, PlatformAdministrators administrators, PlatformLogIn logIn, Passwords passwords, PasswordRules rules,
    StoreScope scope, TimeProvider clock)
{
    private const int MaxTokenLength = 100;
    private const string Open = "status = 'invited' and invitation_hash = $1 and invitation_expires_at > $2";

    /// <exception cref="ProblemException">401 <c>invitation_invalid</c>, 422.</exception>
    public async Task<PlatformSession> RunAsync(AcceptPlatformInvitationRequest request, HttpContext context, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(request.Token, "token", MaxTokenLength);
        errors.ThrowIfAny();
        var (hash, now) = (Invitations.HashOf(request.Token!), clock.GetUtcNow());
        Guid id;
        await using (var found = await database.QueryAsync(ct, Sql.Command(
            $"select id, email, full_name from identity.platform_administrators where {Open}", Sql.Bytes(hash), Sql.Time(now))))
        {
            if (!await found.Rows.ReadAsync(ct))
            {
                throw new ProblemException(AcceptInvitation.InvalidInvitation);
            }

            id = found.Rows.GetGuid(0);
            rules.Check(request.Password, "password", errors, found.Rows.GetString(1), found.Rows.GetString(2));
        }

        errors.ThrowIfAny();
        scope.Caller = new Caller(
            PublicId.Format(PublicId.PlatformAdministrator, id), OnBehalfOf: null, ClientDevice.Of(context).Address,
            ProblemAnswers.RequestId(context), "invitation accepted");
        var accepted = await database.ExecuteAsync(ct, Sql.Command(
            $"""
            update identity.platform_administrators set status = 'active', password_hash = $3, invitation_hash = null,
                invitation_expires_at = null, failed_attempts = 0, locked_until = null
            where {Open}
            """,
            Sql.Bytes(hash), Sql.Time(now), Sql.Text(passwords.Hash(request.Password!))));
        if (accepted == 0 || await administrators.FindAsync(id, ct) is not { IsActive: true } administrator)
        {
            throw new ProblemException(AcceptInvitation.InvalidInvitation);
        }

        administrators.Forget(id);
        await logIn.WriteAnswerAsync(id, right: true, now, context, ct);
        return logIn.SessionOf(administrator);
    }
}
