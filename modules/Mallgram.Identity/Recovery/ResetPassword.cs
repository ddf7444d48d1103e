using System.Diagnostics;
using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;

namespace Mallgram.Identity.Recovery;

internal sealed record ForgotPasswordRequest(string? Email, string? Phone);

internal sealed record ResetPasswordRequest(string? Email, string? Phone, string? Code, string? Password);

/// <summary>A new password for somebody who proves by a code that the account's address is theirs.</summary>
internal sealed class ResetPassword(
    StoreDatabase database, StoreScope scope, CurrentStore store, People people, Passwords passwords, PasswordRules rules, OneTimeCodes codes,
    AddressClaims claims, Sessions sessions, OutboxWriter outbox, TimeProvider clock)
{
    private const int MaxCodeLength = 32;

    /// <summary>Sends a code if there is such a person; the answer and the work are the same if not.</summary>
    /// <exception cref="ProblemException">422, or 429 when the address was sent too many codes, whether anybody has it or not.</exception>
    public async Task<CodeSent> SendAsync(ForgotPasswordRequest request, CancellationToken ct)
    {
        var fields = new FieldErrors();
        var contact = Contact.Read(request.Email, request.Phone, store.Store.Country, fields);
        fields.ThrowIfAny();
        var person = await people.FindAsync(contact!, ct);
        return await codes.SendAsync(
            CodePurposes.ResetPassword, contact!.IsEmail ? CodeChannels.Email : CodeChannels.Sms, contact.Key,
            person is not null && AddressClaims.MayClaim(person, contact) ? person.Id : null, ct);
    }

    /// <summary>Sets the password, notes the address as proven, opens a locked account and ends all sessions.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_code</c>, 422.</exception>
    public async Task RunAsync(ResetPasswordRequest request, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var fields = new FieldErrors();
        var contact = Contact.Read(request.Email, request.Phone, store.Store.Country, fields);
        fields.Require(request.Code, "code", MaxCodeLength);
        // Before the code is spent, so that a refused password does not cost it.
        rules.Check(request.Password, "password", fields, contact?.Email, contact?.Phone, contact?.Phone?[1..]);
        fields.ThrowIfAny();

        var check = await codes.CheckAsync(CodePurposes.ResetPassword, contact!.Key, request.Code!, ct);
        if (!check.Valid || check.UserId is not { } userId || !await ReplaceAsync(userId, contact, request.Password!, ct))
        {
            await passwords.HoldRefusalAsync(started, ct);
            throw new ProblemException(CodeProblems.InvalidCode);
        }
    }

    private async Task<bool> ReplaceAsync(Guid userId, Contact contact, string password, CancellationToken ct)
    {
        var hash = passwords.Hash(password);
        await using var transaction = await database.BeginAsync(ct);
        // The address may have gone to another account since the code was sent.
        if (await claims.ClaimAsync(transaction, contact, ct) is not { IsActive: true } person || person.Id != userId)
        {
            return false;
        }

        await transaction.ExecuteAsync(
            ct,
            [
                Sql.Command(
                    """
                    update identity.users set password_hash = $3, password_changed_at = $4, failed_attempts = 0, locked_until = null
                    where store_id = $1 and id = $2
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(hash), Sql.Time(clock.GetUtcNow())),
                sessions.EndAll(userId, kept: null),
                outbox.Add(scope.StoreId, PeopleEvents.SecurityNotice, new SecurityNotice(userId, SecurityNotice.PasswordChanged)),
            ]);
        await transaction.CommitAsync(ct);
        return true;
    }
}
