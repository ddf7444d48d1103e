using System.Diagnostics;
using System.Text.Json.Serialization;
using Mallgram.Identity.SecondFactors;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.SignIn;

internal sealed record LogInRequest(string? Email, string? Phone, string? Password);

/// <param name="Challenge">Good for a few minutes and one answer.</param>
/// <param name="Methods">What the person can answer with: <c>totp</c>, <c>sms</c>, <c>email</c>, <c>recovery</c>.</param>
internal sealed record SecondFactorAsked(string Challenge, IReadOnlyList<string> Methods);

/// <summary>A session; or, of a person with a second factor, what to answer first.</summary>
internal sealed record LogInAnswer
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PersonView? User { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AccessToken { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RefreshToken { get; init; }

    /// <summary>Life of the access token, seconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ExpiresIn { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SecondFactorAsked? SecondFactor { get; init; }

    public static LogInAnswer Of(SessionView session) => new()
    {
        User = session.User,
        AccessToken = session.AccessToken,
        RefreshToken = session.RefreshToken,
        ExpiresIn = session.ExpiresIn,
    };
}

/// <summary>Signs a person in by address and password.</summary>
internal sealed class LogIn(
    People people, PasswordCheck passwordCheck, Passwords passwords, SignInAttempts attempts, SignInRules rules, SecondStep secondStep,
    CurrentStore store, StoreScope scope)
{
    /// <exception cref="ProblemException">
    /// 401, 403 for a disabled account whose password was right, 422 or 429. Unknown address, wrong password and locked account answer
    /// alike, in text and time.
    /// </exception>
    public async Task<LogInAnswer> RunAsync(LogInRequest request, HttpContext context, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var (contact, password) = Check(request);
        var network = context.Connection.RemoteIpAddress;
        if (attempts.Begin(scope.StoreId, contact.Key, network) is { } wait)
        {
            throw new ProblemException(SignInProblems.TooManyAttempts, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }

        var person = await people.FindAsync(contact, ct);
        var right = await passwordCheck.IsRightAsync(person, password, ct);
        if (person is null || !right || rules.IsLocked(person))
        {
            await rules.RefusedAsync(person, right, context, ct);
            await passwords.HoldRefusalAsync(started, ct);
            throw new ProblemException(SignInProblems.InvalidCredentials);
        }

        attempts.Succeeded(scope.StoreId, contact.Key, network);
        return await secondStep.AfterFirstAsync(person, "password", spent: null, context, ct);
    }

    private (Contact Contact, string Password) Check(LogInRequest request)
    {
        var fields = new FieldErrors();
        var contact = Contact.Read(request.Email, request.Phone, store.Store.Country, fields);
        if (string.IsNullOrEmpty(request.Password))
        {
            fields.Add("password", "is required", "est obligatoire");
        }

        fields.AtMost(request.Password, "password", Passwords.MaxLength);
        fields.ThrowIfAny();
        return (contact!, request.Password!);
    }
}
