// SPDX-License-Identifier: BSD-3-Clause
// Frames go to lwIP in the buffers they came in, and from lwIP into the vif's.
#include "interface.hpp"

#include "offload.hpp"

#include <cstring>
#include <new>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <netif/ethernet.h>

namespace unikernel::net {

namespace {

constexpr std::size_t frames_a_round = 32;

ip4_addr_t to_lwip(const Ipv4& address) {
    ip4_addr_t result{};
    IP4_ADDR(&result, address[0], address[1], address[2], address[3]);
    return result;
}

/// What the toolstack asks us to use.
std::optional<Address> hinted_address(const noxs_vif_config& config) {
    Address address;
    std::memcpy(address.address.data(), config.ipv4, sizeof(config.ipv4));
    std::memcpy(address.gateway.data(), config.ipv4_gateway, sizeof(config.ipv4_gateway));
    address.prefix = config.ipv4_prefix;
    return address.address == Ipv4{} || address.prefix > 32 ? std::nullopt : std::optional(address);
}

} // namespace

std::unique_ptr<Interface> Interface::open(const Device& device, const Vif::Options& options) {
    auto vif = Vif::open(device, options);
    if (!vif) {
        return nullptr;
    }
    std::unique_ptr<Buffer[]> buffers(new (std::nothrow) Buffer[options.receive_buffers]);
    auto* interface =
        buffers ? new (std::nothrow) Interface(device, std::move(vif), std::move(buffers)) : nullptr;
    for (std::uint16_t i = 0; interface != nullptr && i < options.receive_buffers; ++i) {
        interface->buffers_[i] = {{}, interface, i};
        interface->buffers_[i].pbuf.custom_free_function = release;
    }
    return std::unique_ptr<Interface>(interface);
}

Interface::Interface(const Device& device, std::unique_ptr<Vif> vif, std::unique_ptr<Buffer[]> buffers)
    : device_(device), vif_(std::move(vif)), buffers_(std::move(buffers)) {}

err_t Interface::initialise(netif* interface) {
    const auto config = static_cast<Interface*>(interface->state)->vif_->config();
    interface->name[0] = 'e';
    interface->name[1] = 't';
    interface->mtu = config.mtu >= 68 && config.mtu <= Vif::longest_frame - 14 ? config.mtu : 1500;
    interface->hwaddr_len = sizeof(config.mac);
    std::memcpy(interface->hwaddr, config.mac, sizeof(config.mac));
    interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    interface->output = etharp_output;
    interface->linkoutput = [](netif* to, pbuf* frame) {
        return static_cast<Interface*>(to->state)->transmit(frame);
    };
    return ERR_OK;
}

void Interface::bring_up(std::optional<Address> address) {
    if (!address) {
        address = hinted_address(vif_->config());
    }
    const auto used = address.value_or(Address{});
    const auto ip = to_lwip(used.address);
    const auto mask = address ? to_lwip(used.mask()) : to_lwip({});
    const auto gateway = to_lwip(used.gateway);
    netif_add(&netif_, &ip, &mask, &gateway, this, initialise, ethernet_input);
    // The other side takes blank checksums of TCP and UDP.
    NETIF_SET_CHECKSUM_CTRL(&netif_,
                            NETIF_CHECKSUM_ENABLE_ALL & ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP));
    is_new_ = false;
    is_up_ = true;
    if (netif_default == nullptr) {
        netif_set_default(&netif_);
    }
    netif_set_up(&netif_); // tells the neighbours, if there is an address
    if (!address) {
        dhcp_start(&netif_);
    }
}

void Interface::take_down() {
    if (is_up_) {
        is_up_ = false;
        dhcp_stop(&netif_);
        dhcp_cleanup(&netif_);
        netif_remove(&netif_); // ends the connections that use its address
    }
}

bool Interface::receive() {
    if (!vif_) {
        return false;
    }
    vif_->look();
    switch (vif_->state()) {
    case FrontEnd::State::closing:
        take_down();
        if (!closing_) {
            closing_ = true;
            vif_->close();
        }
        return false;
    case FrontEnd::State::closed:
    case FrontEnd::State::failed:
        take_down();
        if (buffers_in_use_ == 0) {
            vif_.reset();
        }
        return false;
    default:
        break;
    }
    Vif::Piece pieces[Vif::most_pieces];
    for (std::size_t count = 0; count < frames_a_round && is_up_; ++count) {
        const auto frame = vif_->receive(pieces);
        if (frame.pieces.empty()) {
            return count > 0;
        }
        pbuf* chain = wrap(frame);
        // What the other side vouches for is not summed up again.
        NETIF_SET_CHECKSUM_CTRL(
            &netif_, (frame.checksum_is_good ? 0 : NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP) |
                         NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_CHECK_IP |
                         NETIF_CHECKSUM_CHECK_ICMP);
        if (netif_.input(chain, &netif_) != ERR_OK) {
            pbuf_free(chain);
        }
    }
    return true;
}

pbuf* Interface::wrap(const Vif::Frame& frame) {
    pbuf* first = nullptr;
    pbuf* last = nullptr;
    std::uint16_t total = 0;
    for (const auto& piece : frame.pieces) {
        total = static_cast<std::uint16_t>(total + piece.length);
    }
    for (const auto& piece : frame.pieces) {
        pbuf* next = pbuf_alloced_custom(PBUF_RAW, piece.length, PBUF_REF, &buffers_[piece.buffer].pbuf,
                                         vif_->memory_of(piece.buffer) + piece.offset, piece.length);
        next->tot_len = total;
        total = static_cast<std::uint16_t>(total - piece.length);
        (last == nullptr ? first : last->next) = next;
        last = next;
        ++buffers_in_use_;
    }
    return first;
}

void Interface::release(pbuf* piece) {
    auto* buffer = reinterpret_cast<Buffer*>(piece);
    --buffer->interface->buffers_in_use_;
    buffer->interface->vif_->give_back(buffer->number);
}

err_t Interface::transmit(pbuf* frame) {
    const std::size_t size = frame->tot_len;
    if (size > vif_->room()) {
        wanted_room_ = size;
        return ERR_MEM;
    }
    const auto offload =
        prepare_offload({static_cast<std::uint8_t*>(frame->payload), frame->len}, size, netif_.mtu);
    has_sent_ = true;
    vif_->transmit(size, offload.checksum_is_blank, offload.segment_size,
                   [frame](std::span<std::byte> to, std::size_t offset) {
                       pbuf_copy_partial(frame, to.data(), static_cast<u16_t>(to.size()),
                                         static_cast<u16_t>(offset));
                   });
    return ERR_OK;
}

void Interface::publish() {
    if (vif_) {
        vif_->publish();
    }
}

bool Interface::has_work() {
    return vif_ && vif_->has_work(wanted_room_ > 0);
}

bool Interface::take_new_room() {
    if (wanted_room_ == 0 || !vif_ || vif_->room() < wanted_room_) {
        return false;
    }
    wanted_room_ = 0;
    return true;
}

bool Interface::waits_for_dhcp() const {
    return is_up_ && netif_dhcp_data(&netif_) != nullptr && dhcp_supplied_address(&netif_) == 0;
}

} // namespace unikernel::net
