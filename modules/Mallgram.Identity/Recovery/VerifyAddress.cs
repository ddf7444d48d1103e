using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;

namespace Mallgram.Identity.Recovery;

internal sealed record VerifyEmailRequest(string? Email, string? Code);

internal sealed record VerifyPhoneRequest(string? Phone, string? Code);

/// <summary>Notes that an address of somebody's account is theirs, by the code that was sent to it.</summary>
internal sealed class VerifyAddress(
    StoreDatabase database, StoreScope scope, CurrentStore store, People people, OneTimeCodes codes, TimeProvider clock)
{
    private const int MaxCodeLength = 32;

    /// <summary>Sends the code to the address that the person has now. A proven address needs none, but gets one all the same.</summary>
    /// <exception cref="ProblemException">422 when the account has no such address, or codes cannot be sent there; 429.</exception>
    public async Task<CodeSent> SendAsync(Guid userId, string channel, CancellationToken ct)
    {
        var person = await people.FindAsync(userId, ct);
        var byEmail = channel == CodeChannels.Email;
        if ((byEmail ? person?.Email : person?.Phone) is not { } destination)
        {
            var fields = new FieldErrors();
            fields.Add(byEmail ? "email" : "phone", "is not set on this account", "n'est pas indiqué sur ce compte");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = fields };
        }

        return await codes.SendAsync(PurposeOf(byEmail), channel, destination, userId, ct);
    }

    /// <summary>Whoever knows the code may bring it, signed in or not: only the mailbox or phone has it.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_code</c>, 422.</exception>
    public async Task RunAsync(string? email, string? phone, string? code, CancellationToken ct)
    {
        var fields = new FieldErrors();
        var contact = Contact.Read(email, phone, store.Store.Country, fields);
        fields.Require(code, "code", MaxCodeLength);
        fields.ThrowIfAny();

        var check = await codes.CheckAsync(PurposeOf(contact!.IsEmail), contact.Key, code!, ct);
        // The address may have been changed since the code was sent.
        if (!check.Valid || check.UserId is not { } userId || await NoteAsync(userId, contact, ct) == 0)
        {
            throw new ProblemException(CodeProblems.InvalidCode);
        }
    }

    private Task<int> NoteAsync(Guid userId, Contact contact, CancellationToken ct) => database.ExecuteAsync(
        ct,
        Sql.Command(
            contact.IsEmail
                ? """
                  update identity.users set email_verified_at = coalesce(email_verified_at, $4)
                  where store_id = $1 and id = $2 and lower(email) = $3
                  """
                : """
                  update identity.users set phone_verified_at = coalesce(phone_verified_at, $4)
                  where store_id = $1 and id = $2 and phone = $3
                  """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(contact.Key), Sql.Time(clock.GetUtcNow())));

    private static string PurposeOf(bool byEmail) => byEmail ? CodePurposes.VerifyEmail : CodePurposes.VerifyPhone;
}
