using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.SecondFactors;

/// <summary>
/// Asks someone who is signed in who they are once more, before they change what protects the account: by the password or by a code.
/// Wrong answers are counted with those to challenges.
/// </summary>
internal sealed class ProofOfSelf(People people, PasswordCheck passwords, SecondStep factors, OneTimeCodes codes, Challenges challenges)
{
    /// <param name="code">Of an app, sent by <see cref="SendAsync"/>, or a recovery code.</param>
    /// <exception cref="ProblemException">422 when it is missing or wrong, 429 <c>too_many_wrong_codes</c>.</exception>
    public async Task RequireAsync(Guid userId, string? password, string? code, CancellationToken ct)
    {
        var person = await people.FindAsync(userId, ct) ?? throw new ProblemException(CommonProblems.Unauthenticated);
        var fields = new FieldErrors();
        if (string.IsNullOrEmpty(password) == string.IsNullOrWhiteSpace(code))
        {
            fields.Add("password", "give your password or a code, one of the two", "donnez votre mot de passe ou un code, l'un des deux");
        }

        fields.AtMost(password, "password", Passwords.MaxLength);
        fields.AtMost(code, "code", CodeEndpoints.MaxCodeLength);
        fields.ThrowIfAny();

        var attempt = await challenges.TakeProofAsync(userId, ct);
        var right = string.IsNullOrEmpty(password)
            ? await IsOwnCodeAsync(person, code!, ct)
            : await passwords.IsRightAsync(person, password, ct);
        if (!right || !await challenges.SpendAsync(attempt, ct))
        {
            throw CodeProblems.WrongField(string.IsNullOrEmpty(password) ? "code" : "password");
        }
    }

    /// <summary>Sends a code to a factor of the person; whoever has no factor gets it at a confirmed address.</summary>
    /// <exception cref="ProblemException">422, 429.</exception>
    public async Task<CodeSent> SendAsync(Guid userId, string channel, CancellationToken ct) =>
        await DestinationAsync(userId, channel, ct) is { } destination
            ? await codes.SendAsync(CodePurposes.SecondFactor, channel, destination, userId, ct)
            : throw CodeProblems.WrongField("kind");

    private async Task<bool> IsOwnCodeAsync(Person person, string code, CancellationToken ct)
    {
        var kinds = await factors.KindsAsync(person.Id, ct);
        foreach (var kind in kinds)
        {
            if (await factors.IsRightAsync(person.Id, kind, code, ct))
            {
                return true;
            }
        }

        if (kinds.Count > 0)
        {
            return false;
        }

        foreach (var channel in (string[])[CodeChannels.Sms, CodeChannels.Email])
        {
            if (ConfirmedAddress(person, channel) is { } address
                && await codes.CheckAsync(CodePurposes.SecondFactor, address, code, ct) is { Valid: true } check && check.UserId == person.Id)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<string?> DestinationAsync(Guid userId, string channel, CancellationToken ct)
    {
        if (await factors.DestinationAsync(userId, channel, ct) is { } destination)
        {
            return destination;
        }

        return (await factors.KindsAsync(userId, ct)).Count == 0 && await people.FindAsync(userId, ct) is { } person
            ? ConfirmedAddress(person, channel)
            : null;
    }

    private static string? ConfirmedAddress(Person person, string channel) => channel switch
    {
        CodeChannels.Sms when person.PhoneVerified => person.Phone,
        CodeChannels.Email when person.EmailVerified => person.Email,
        _ => null,
    };
}
