using Mallgram.Identity.Contracts;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.Registration;

/// <param name="Language"><c>en</c> or <c>fr</c>; the request's when left out.</param>
internal sealed record RegisterRequest(string? Email, string? Phone, string? Password, string? FullName, string? Language);

/// <summary>
/// Makes a customer of somebody who gives an e-mail address, a phone number or both, and signs them in. The addresses are not proven yet:
/// whoever proves one later from outside takes it over, see <see cref="AddressClaims"/>.
/// </summary>
/// <remarks>
/// That an address is taken cannot be hidden where registering answers with tokens. It is told in words that fit a typing error too, takes
/// as long as success, and only so often an hour (<see cref="SignInAttemptsOptions.RefusedRegistrations"/>).
/// </remarks>
internal sealed class Register(
    StoreDatabase database, StoreScope scope, CurrentStore store, People people, Passwords passwords, PasswordRules rules,
    SignInAttempts attempts, Sessions sessions, AddressCodes codes, TimeProvider clock)
{
    /// <exception cref="ProblemException">422 <c>validation_failed</c> or <c>registration_refused</c>, 429.</exception>
    public async Task<SessionView> RunAsync(RegisterRequest request, HttpContext context, CancellationToken ct)
    {
        var (email, phone, language) = Check(request);
        var network = context.Connection.RemoteIpAddress;
        if (attempts.BeginRegistration(network) is { } wait)
        {
            throw new ProblemException(SignInProblems.TooManyRegistrations, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }

        var id = PublicId.New(clock);
        var added = await database.ExecuteAsync(
            ct,
            Sql.Command(
                """
                insert into identity.users (store_id, id, email, phone, full_name, password_hash, password_changed_at, language, role)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict do nothing
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(email), Sql.Text(phone), Sql.Text(request.FullName!.Trim()),
                Sql.Text(passwords.Hash(request.Password!)), Sql.Time(clock.GetUtcNow()), Sql.Text(language), Sql.Text(Roles.Customer)));
        if (added == 0)
        {
            throw new ProblemException(SignInProblems.RegistrationRefused);
        }

        attempts.Registered(network);
        var person = await people.FindAsync(id, ct) ?? throw new ProblemException(SignInProblems.InvalidCredentials);
        var session = await sessions.StartAsync(person, "registration", secondFactor: false, context, ct);
        if (email is not null)
        {
            await codes.TrySendAsync(CodePurposes.VerifyEmail, CodeChannels.Email, email, id, ct);
        }

        if (phone is not null)
        {
            await codes.TrySendAsync(CodePurposes.VerifyPhone, CodeChannels.Sms, phone, id, ct);
        }

        return session;
    }

    private (string? Email, string? Phone, string Language) Check(RegisterRequest request)
    {
        var fields = new FieldErrors();
        var email = string.IsNullOrWhiteSpace(request.Email) ? null : Contact.ReadEmail(request.Email, "email", fields);
        var phone = string.IsNullOrWhiteSpace(request.Phone)
            ? null
            : Contact.ReadPhone(request.Phone, store.Store.Country, "phone", fields);
        if (string.IsNullOrWhiteSpace(request.Email) && string.IsNullOrWhiteSpace(request.Phone))
        {
            fields.Add("email", "give an e-mail address or a phone number", "donnez une adresse e-mail ou un numéro de téléphone");
        }

        PersonName.Check(request.FullName, "full_name", fields);
        if (request.Language is not (null or "en" or "fr"))
        {
            fields.Add("language", "is one of en, fr", "est l'un de en, fr");
        }

        rules.Check(request.Password, "password", fields, email, phone, phone?[1..], request.FullName);
        fields.ThrowIfAny();
        return (email, phone, request.Language ?? scope.Language);
    }
}

/// <summary>What may stand as somebody's name.</summary>
internal static class PersonName
{
    private const int MaxLength = 200;

    public static void Check(string? name, string field, FieldErrors errors)
    {
        errors.Require(name, field, MaxLength);
        if (name is not null && name.Any(char.IsControl))
        {
            errors.Add(field, "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
        }
    }
}
