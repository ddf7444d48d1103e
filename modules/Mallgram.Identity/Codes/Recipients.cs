using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;

namespace Mallgram.Identity.Codes;

internal sealed class Recipients(People people) : IRecipients
{
    public async Task<Recipient?> FindAsync(Guid userId, CancellationToken ct) =>
        await people.FindAsync(userId, ct) is { Status: not "erased" } person
            ? new Recipient(person.FullName, person.Email, person.Phone, person.Language)
            : null;
}
