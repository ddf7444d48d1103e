using Mallgram.Identity.Contracts;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.Codes;

/// <summary>
/// Signs in whoever proves by a code that an e-mail address or a phone number is theirs; who is new becomes a customer. Whose account an
/// address is, <see cref="AddressClaims"/> decides.
/// </summary>
internal sealed class SignInByCode(
    OneTimeCodes codes, AddressClaims claims, SecondStep secondStep, StoreDatabase database, StoreScope scope, TimeProvider clock)
{
    /// <param name="fullName">Of somebody new; may be missing.</param>
    /// <exception cref="ProblemException">401 <c>invalid_code</c>, 403 <c>account_disabled</c>.</exception>
    public async Task<LogInAnswer> RunAsync(Contact contact, string code, string? fullName, HttpContext context, CancellationToken ct)
    {
        if (!(await codes.CheckAsync(CodePurposes.SignIn, contact.Key, code, ct)).Valid)
        {
            throw new ProblemException(CodeProblems.InvalidCode);
        }

        var person = await claims.ClaimAsync(contact, ct);
        if (person is null)
        {
            await RegisterAsync(contact, fullName, ct);
            person = await claims.ClaimAsync(contact, ct) ?? throw new ProblemException(CodeProblems.InvalidCode);
        }

        return await secondStep.AfterFirstAsync(person, "code", contact.IsEmail ? CodeChannels.Email : CodeChannels.Sms, context, ct);
    }

    // Nothing is added when somebody else took the address at the same moment; the claim that follows settles it.
    private Task RegisterAsync(Contact contact, string? fullName, CancellationToken ct) => database.ExecuteAsync(ct, Sql.Command(
        """
        insert into identity.users
            (store_id, id, email, phone, full_name, language, role, email_verified_at, phone_verified_at, channels)
        values ($1, $2, $3, $4, $5, $6, $7, case when $3 is not null then $8 end, case when $4 is not null then $8 end, $9)
        on conflict do nothing
        """,
        Sql.Uuid(scope.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Text(contact.Email), Sql.Text(contact.Phone),
        Sql.Text(fullName?.Trim() ?? ""), Sql.Text(scope.Language), Sql.Text(Roles.Customer), Sql.Time(clock.GetUtcNow()),
        Sql.Texts([contact.IsEmail ? CodeChannels.Email : CodeChannels.Sms])));
}
