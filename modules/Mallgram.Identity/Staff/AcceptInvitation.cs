using Mallgram.Identity.Access;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.Registration;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.Staff;

/// <param name="Password">Replaces the password of whoever has an account with that address already.</param>
internal sealed record AcceptInvitationRequest(string? Token, string? FullName, string? Password);

/// <summary>
/// Makes staff of whoever holds the token of an invitation mail, which proves the address as a code would. Somebody who works for the store
/// already keeps their role.
/// </summary>
internal sealed class AcceptInvitation(
    StoreDatabase database, StoreScope scope, People people, AddressClaims addresses, Passwords passwords, PasswordRules rules,
    Sessions sessions, SecondStep secondStep, StaffRoles roles, TimeProvider clock)
{
    private const int MaxTokenLength = 100;

    public static readonly ProblemCode InvalidInvitation = new("invitation_invalid", 401,
        "The invitation is unknown, too old, used or taken back. Ask for a new one.",
        "L'invitation est inconnue, trop ancienne, déjà utilisée ou retirée. Demandez-en une nouvelle.");

    /// <exception cref="ProblemException">401, 403 for a disabled account, 422.</exception>
    public async Task<LogInAnswer> RunAsync(AcceptInvitationRequest request, HttpContext context, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(request.Token, "token", MaxTokenLength);
        PersonName.Check(request.FullName, "full_name", errors);
        errors.ThrowIfAny();
        var hash = Invitations.HashOf(request.Token!);
        string email;
        await using (var found = await database.QueryAsync(ct, Sql.Command(
            $"select email from identity.invitations where {Open}", Sql.Uuid(scope.StoreId), Sql.Bytes(hash), Sql.Time(clock.GetUtcNow()))))
        {
            email = await found.Rows.ReadAsync(ct) ? found.Rows.GetString(0) : throw new ProblemException(InvalidInvitation);
        }

        rules.Check(request.Password, "password", errors, email, request.FullName);
        errors.ThrowIfAny();
        var userId = await JoinAsync(hash, request.FullName!.Trim(), passwords.Hash(request.Password!), context, ct);
        roles.Forget(scope.StoreId, userId);
        var person = await people.FindAsync(userId, ct) ?? throw new ProblemException(InvalidInvitation);
        return (await secondStep.KindsAsync(userId, ct)).Count == 0
            ? LogInAnswer.Of(await sessions.StartAsync(person, "invitation", secondFactor: false, context, ct))
            : await secondStep.AfterFirstAsync(person, "code", CodeChannels.Email, context, ct);
    }

    private const string Open = "store_id = $1 and token_hash = $2 and accepted_at is null and revoked_at is null and expires_at > $3";

    private async Task<Guid> JoinAsync(byte[] hash, string fullName, string passwordHash, HttpContext context, CancellationToken ct)
    {
        var (id, now) = (PublicId.New(clock), clock.GetUtcNow());
        // A new member of staff: the audit log has it from here on. Of an account that is there already it names the invitation's use.
        scope.Caller ??= new Caller(
            PublicId.Format(PublicId.User, id), OnBehalfOf: null, ClientDevice.Of(context).Address, ProblemAnswers.RequestId(context),
            "invitation accepted");
        await using var transaction = await database.BeginAsync(ct);
        string email, role;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            $"update identity.invitations set accepted_at = $3 where {Open} returning email, role",
            Sql.Uuid(scope.StoreId), Sql.Bytes(hash), Sql.Time(now))))
        {
            (email, role) = await row.ReadAsync(ct) ? (row.GetString(0), row.GetString(1)) : throw new ProblemException(InvalidInvitation);
        }

        if (await addresses.ClaimAsync(transaction, new Contact(email, Phone: null), ct) is { } person)
        {
            if (!person.IsActive)
            {
                throw new ProblemException(SignInProblems.AccountDisabled);
            }

            id = person.Id;
            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    """
                    update identity.users set full_name = $3, password_hash = $4, password_changed_at = $5, role = $6
                    where store_id = $1 and id = $2
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(fullName), Sql.Text(passwordHash), Sql.Time(now),
                    Sql.Text(person.IsStaff ? person.Role : role)),
                sessions.EndAll(id, kept: null));
        }
        else
        {
            await transaction.ExecuteAsync(ct, Sql.Command(
                """
                insert into identity.users (store_id, id, email, full_name, password_hash, password_changed_at, language, role, email_verified_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $6)
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(email), Sql.Text(fullName), Sql.Text(passwordHash), Sql.Time(now),
                Sql.Text(scope.Language), Sql.Text(role)));
        }

        await transaction.CommitAsync(ct);
        return id;
    }
}
