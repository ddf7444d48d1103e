using Mallgram.Identity.Contracts;
using Mallgram.Messaging.Sms;
using Microsoft.Extensions.Options;

namespace Mallgram.Messaging.People;

/// <summary>Mail always works, since no process starts without a mail server; text messages only where they are set up.</summary>
internal sealed class CodeChannels(IOptions<SmsOptions> sms) : ICodeChannels
{
    public bool CanSend(string channel) => channel == Identity.Contracts.CodeChannels.Email
        || (channel == Identity.Contracts.CodeChannels.Sms && sms.Value.BaseAddress is not null);
}
