using Mallgram.Identity.Access;
using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Registration;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace Mallgram.Identity.Profile;

/// <summary>A person as they see themselves.</summary>
/// <param name="PendingEmail">Wanted address; it takes the place of <c>email</c> with the code that was sent there.</param>
/// <param name="Permissions">What staff may do; empty for customers and affiliates.</param>
/// <param name="HasPassword">False: signs in by codes or elsewhere only.</param>
internal sealed record ProfileView(
    string Id, string? Email, string? Phone, string FullName, string Role, string Language, bool EmailVerified, bool PhoneVerified,
    string? PendingEmail, string? PendingPhone, bool HasPassword, IReadOnlyList<string> Permissions, DateTimeOffset CreatedAt);

/// <summary>Members that are left out or null stay as they are.</summary>
/// <param name="Email">A new address counts once it is confirmed by its code; until then the old one stays.</param>
/// <param name="Password">New password; ends all other sessions.</param>
/// <param name="CurrentPassword">Needed, or <c>code</c>, to change e-mail address, phone or password.</param>
/// <param name="Code">As sent by <c>POST /me/second-factors/{kind}/send</c>, or of an authenticator app.</param>
internal sealed record ChangeProfileRequest(
    string? FullName, string? Language, string? Email, string? Phone, string? Password, string? CurrentPassword, string? Code);

/// <summary>One of e-mail address and phone.</summary>
internal sealed record ConfirmAddressRequest(string? Email, string? Phone, string? Code);

/// <summary>Reads and changes the signed-in person's own account.</summary>
internal sealed class Profiles(
    StoreDatabase database, StoreScope scope, CurrentStore store, ProofOfSelf proof, Passwords passwords, PasswordRules rules, OneTimeCodes codes,
    Sessions sessions, OutboxWriter outbox, IDataProtectionProvider protection, TimeProvider clock)
{
    private const int MaxCodeLength = 20;

    private static readonly ProblemCode AddressTaken = new("address_taken", 409,
        "Another account of this shop has that address. Sign in there with a code; the address is yours.",
        "Un autre compte de cette boutique a cette adresse. Connectez-vous-y avec un code ; l'adresse est à vous.");

    /// <exception cref="ProblemException">401: erased meanwhile.</exception>
    public async Task<ProfileView> GetAsync(Guid userId, CancellationToken ct)
    {
        var (person, more) = await ReadAsync(userId, ct);
        return new ProfileView(
            PublicId.Format(PublicId.User, person.Id), person.Email, person.Phone, person.FullName, person.Role, person.Language,
            person.EmailVerified, person.PhoneVerified, more.PendingEmail, more.PendingPhone, person.PasswordHash is not null,
            [.. Permissions.All.Where(RolePermissions.Of(person.Role).Contains)], more.CreatedAt);
    }

    /// <exception cref="ProblemException">401, 422, 429.</exception>
    public async Task ChangeAsync(Guid userId, Guid? sessionId, ChangeProfileRequest request, CancellationToken ct)
    {
        var (person, _) = await ReadAsync(userId, ct);
        var (email, phone) = Check(request, person);
        if (email is not null || phone is not null || request.Password is not null)
        {
            await proof.RequireAsync(userId, request.CurrentPassword, request.Code, ct);
        }

        // Whoever has the address already gets the code too: that they have it shows to nobody who cannot read it.
        if (email is not null)
        {
            await codes.SendAsync(CodePurposes.VerifyEmail, CodeChannels.Email, email, userId, ct);
        }

        if (phone is not null)
        {
            await codes.SendAsync(CodePurposes.VerifyPhone, CodeChannels.Sms, phone, userId, ct);
        }

        var hash = request.Password is null ? null : passwords.Hash(request.Password);
        await using var transaction = await database.BeginAsync(ct);
        await transaction.ExecuteAsync(ct, Sql.Command(
            """
            update identity.users set
                full_name = coalesce($3, full_name), language = coalesce($4, language), pending_email = coalesce($5, pending_email),
                pending_phone = coalesce($6, pending_phone), password_hash = coalesce($7, password_hash),
                password_changed_at = case when $7 is null then password_changed_at else $8 end
            where store_id = $1 and id = $2
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(request.FullName?.Trim()), Sql.Text(request.Language), Sql.Text(email),
            Sql.Text(phone), Sql.Text(hash), Sql.Time(clock.GetUtcNow())));
        if (hash is not null)
        {
            await transaction.ExecuteAsync(
                ct,
                sessions.EndAll(userId, sessionId),
                outbox.Add(scope.StoreId, PeopleEvents.SecurityNotice, new SecurityNotice(userId, SecurityNotice.PasswordChanged)));
        }

        await transaction.CommitAsync(ct);
    }

    /// <summary>Makes a wanted address the person's own, with the code that was sent there. The former e-mail address is told.</summary>
    /// <exception cref="ProblemException">409 <c>address_taken</c>, 422.</exception>
    public async Task ConfirmAsync(Guid userId, ConfirmAddressRequest request, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var contact = Contact.Read(request.Email, request.Phone, store.Store.Country, errors);
        errors.Require(request.Code, "code", MaxCodeLength);
        errors.ThrowIfAny();
        var (person, more) = await ReadAsync(userId, ct);
        var wanted = contact!.IsEmail ? more.PendingEmail : more.PendingPhone;
        if (wanted is null || !wanted.Equals(contact.Email ?? contact.Phone, StringComparison.OrdinalIgnoreCase)
            || await codes.CheckAsync(contact.IsEmail ? CodePurposes.VerifyEmail : CodePurposes.VerifyPhone, contact.Key, request.Code!, ct)
                is not { Valid: true } check || check.UserId != userId)
        {
            throw CodeProblems.WrongField("code");
        }

        var column = contact.IsEmail ? "email" : "phone";
        await using var transaction = await database.BeginAsync(ct);
        try
        {
            await transaction.ExecuteAsync(ct, Sql.Command(
                $"""
                update identity.users set {column} = pending_{column}, {column}_verified_at = $4, pending_{column} = null
                where store_id = $1 and id = $2 and pending_{column} = $3
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(wanted), Sql.Time(clock.GetUtcNow())));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new ProblemException(AddressTaken);
        }

        if (contact.IsEmail && person.Email is { } former)
        {
            await transaction.ExecuteAsync(ct, outbox.Add(scope.StoreId, PeopleEvents.SecurityNotice, new SecurityNotice(
                userId, SecurityNotice.EmailChanged, SecurityNotice.SealEmail(protection, former))));
        }

        await transaction.CommitAsync(ct);
    }

    /// <returns>Addresses that are wanted and not the present ones.</returns>
    private (string? Email, string? Phone) Check(ChangeProfileRequest request, Person person)
    {
        var errors = new FieldErrors();
        if (request.FullName is not null)
        {
            PersonName.Check(request.FullName, "full_name", errors);
        }

        if (request.Language is not (null or "en" or "fr"))
        {
            errors.Add("language", "is one of en, fr", "est l'un de en, fr");
        }

        var email = request.Email is null ? null : Contact.ReadEmail(request.Email, "email", errors);
        var phone = request.Phone is null ? null : Contact.ReadPhone(request.Phone, store.Store.Country, "phone", errors);
        if (request.Password is not null)
        {
            rules.Check(request.Password, "password", errors, person.Email, person.Phone, person.FullName);
        }

        errors.ThrowIfAny();
        return (
            email is not null && email.Equals(person.Email, StringComparison.OrdinalIgnoreCase) ? null : email,
            phone == person.Phone ? null : phone);
    }

    private async Task<(Person Person, (string? PendingEmail, string? PendingPhone, DateTimeOffset CreatedAt) More)> ReadAsync(
        Guid userId, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(
            ct,
            Sql.Command(
                $"select {Person.Columns} from identity.users where store_id = $1 and id = $2 and status = 'active'",
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId)),
            Sql.Command(
                "select pending_email, pending_phone, created_at from identity.users where store_id = $1 and id = $2",
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId)));
        if (!await answer.Rows.ReadAsync(ct))
        {
            throw new ProblemException(CommonProblems.Unauthenticated);
        }

        var person = Person.From(answer.Rows);
        await answer.Rows.NextResultAsync(ct);
        await answer.Rows.ReadAsync(ct);
        return (person, (answer.Rows.TextOrNull(0), answer.Rows.TextOrNull(1), answer.Rows.GetFieldValue<DateTimeOffset>(2)));
    }
}
