// The text of each message in the conversation, by its id.
const messages = [...document.querySelectorAll('#log [data-message-id]')];
return Object.fromEntries(messages.map(element => [element.dataset.messageId, element.querySelector('.text').textContent]));
